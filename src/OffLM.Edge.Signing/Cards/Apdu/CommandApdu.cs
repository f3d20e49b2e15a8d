using System.Buffers.Binary;

namespace OffLM.Edge.Signing.Cards.Apdu;

/// <summary>A command to a card, ISO 7816-4 section 5.1.</summary>
/// <param name="instruction">INS.</param>
/// <param name="parameter1">P1.</param>
/// <param name="parameter2">P2.</param>
internal readonly ref struct CommandApdu(byte instruction, byte parameter1, byte parameter2)
{
    /// <summary>Data of a short command.</summary>
    public const int MaxShortData = 255;

    /// <summary>Data of an extended command.</summary>
    public const int MaxExtendedData = 65535;

    /// <summary>For <see cref="Expected"/>: however many there are. Le is then zero.</summary>
    public const int Any = 256;

    private const byte MoreFollows = 0x10;

    /// <summary>What is asked.</summary>
    public byte Instruction => instruction;

    /// <summary>The command's data; may be empty.</summary>
    public ReadOnlySpan<byte> Data { get; init; }

    /// <summary>Bytes of data expected in the answer; 0 for none, <see cref="Any"/> for as many as there are.</summary>
    public int Expected { get; init; }

    /// <summary>Not the last part of a chain, ISO 7816-4 section 5.1.1.1.</summary>
    public bool More { get; init; }

    /// <summary>Writes the command in the short form, or in the extended one if its data need that or <paramref name="extended"/> asks for it.</summary>
    /// <returns>The command's bytes; the caller overwrites them if they hold a secret.</returns>
    public byte[] Encode(bool extended)
    {
        if (Data.Length > MaxExtendedData)
        {
            throw new ArgumentOutOfRangeException(nameof(extended), Data.Length, $"A command has at most {MaxExtendedData} bytes of data.");
        }

        return extended || Data.Length > MaxShortData ? EncodeExtended() : EncodeShort();
    }

    private byte[] EncodeShort()
    {
        var apdu = new byte[4 + (Data.IsEmpty ? 0 : 1 + Data.Length) + (Expected > 0 ? 1 : 0)];
        WriteHeader(apdu);
        if (!Data.IsEmpty)
        {
            apdu[4] = (byte)Data.Length;
            Data.CopyTo(apdu.AsSpan(5));
        }

        if (Expected is > 0 and < Any)
        {
            apdu[^1] = (byte)Expected;
        }

        return apdu;
    }

    private byte[] EncodeExtended()
    {
        var apdu = new byte[4 + (Data.IsEmpty ? 0 : 3 + Data.Length) + (Expected > 0 ? (Data.IsEmpty ? 3 : 2) : 0)];
        WriteHeader(apdu);
        if (!Data.IsEmpty)
        {
            BinaryPrimitives.WriteUInt16BigEndian(apdu.AsSpan(5), (ushort)Data.Length);
            Data.CopyTo(apdu.AsSpan(7));
        }

        if (Expected is > 0 and < Any)
        {
            apdu[^1] = (byte)Expected;
        }

        return apdu;
    }

    private void WriteHeader(Span<byte> apdu)
    {
        apdu[0] = More ? MoreFollows : (byte)0;
        apdu[1] = instruction;
        apdu[2] = parameter1;
        apdu[3] = parameter2;
    }
}
