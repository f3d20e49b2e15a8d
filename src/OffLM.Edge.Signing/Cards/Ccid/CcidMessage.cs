using System.Buffers.Binary;

namespace OffLM.Edge.Signing.Cards.Ccid;

/// <summary>Bulk messages: types and layout, CCID 1.1 sections 6.1 and 6.2. Ten bytes of header, then data.</summary>
internal static class CcidMessage
{
    public const int HeaderSize = 10;

    public const byte IccPowerOn = 0x62;
    public const byte IccPowerOff = 0x63;
    public const byte GetSlotStatus = 0x65;
    public const byte XfrBlock = 0x6F;
    public const byte Abort = 0x72;

    public const byte DataBlock = 0x80;
    public const byte SlotStatus = 0x81;

    /// <summary>Writes a message for slot 0.</summary>
    /// <param name="type">bMessageType.</param>
    /// <param name="sequence">bSeq.</param>
    /// <param name="specific">The three bytes that differ by message, the first lowest.</param>
    /// <param name="data">abData.</param>
    public static byte[] Write(byte type, byte sequence, uint specific, ReadOnlySpan<byte> data)
    {
        var message = new byte[HeaderSize + data.Length];
        message[0] = type;
        BinaryPrimitives.WriteUInt32LittleEndian(message.AsSpan(1), (uint)data.Length);
        message[6] = sequence;
        (message[7], message[8], message[9]) = ((byte)specific, (byte)(specific >> 8), (byte)(specific >> 16));
        data.CopyTo(message.AsSpan(HeaderSize));
        return message;
    }
}
