using System.Buffers.Binary;

namespace OffLM.CardSimulator.Fronts;

/// <summary>What a FunctionFS device writes to its control endpoint first: linux/usb/functionfs.h, version 2.</summary>
internal static class FunctionFsDescriptors
{
    private const uint DescriptorsMagic = 3;
    private const uint StringsMagic = 2;
    private const uint HasFullAndHighSpeed = 3;
    private const uint DescriptorsPerSpeed = 4;
    private const ushort English = 0x0409;
    private const byte SmartCardClass = 0x0B;
    private const byte Bulk = 2;

    /// <summary>One CCID interface with two bulk endpoints, in full speed and in high speed.</summary>
    public static byte[] Descriptors(CcidManners manners)
    {
        byte[] body = [.. Word(DescriptorsPerSpeed), .. Word(DescriptorsPerSpeed), .. OfSpeed(manners, 64), .. OfSpeed(manners, 512)];
        return [.. Word(DescriptorsMagic), .. Word((uint)(12 + body.Length)), .. Word(HasFullAndHighSpeed), .. body];
    }

    /// <summary>The interface's name.</summary>
    public static byte[] Strings()
    {
        byte[] body = [.. Word(1), .. Word(1), (byte)(English & 0xFF), English >> 8, .. "OffLM simulated card\0"u8];
        return [.. Word(StringsMagic), .. Word((uint)(8 + body.Length)), .. body];
    }

    private static byte[] OfSpeed(CcidManners manners, ushort packet) =>
    [
        9, 0x04, 0, 0, 2, SmartCardClass, 0, 0, 1,
        .. manners.Descriptor(),
        7, 0x05, 0x01, Bulk, (byte)packet, (byte)(packet >> 8), 0,
        7, 0x05, 0x82, Bulk, (byte)packet, (byte)(packet >> 8), 0,
    ];

    private static byte[] Word(uint value)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, value);
        return bytes;
    }
}
