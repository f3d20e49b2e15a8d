namespace OffLM.CardSimulator.Fronts;

/// <summary>How a reader does what CCID 1.1 leaves open; readers differ in these.</summary>
public sealed record CcidManners
{
    /// <summary>Bits 16 to 18 of dwFeatures.</summary>
    public const uint Tpdu = 0x10000;

    /// <summary>See <see cref="Tpdu"/>.</summary>
    public const uint ShortApdu = 0x20000;

    /// <summary>See <see cref="Tpdu"/>.</summary>
    public const uint ExtendedApdu = 0x40000;

    private const uint Automatic = 0x0840;

    public uint Level { get; init; } = ExtendedApdu;

    /// <summary>dwMaxCCIDMessageLength.</summary>
    public int MaxMessage { get; init; } = 3072;

    /// <summary>Time extensions before each answer of the card.</summary>
    public int TimeExtensions { get; init; }

    /// <summary>Data in one part of an answer.</summary>
    public int AnswerPart { get; init; } = int.MaxValue;

    /// <summary>bVoltageSupport; with no automatic choice, only 1.8 V turns the card on.</summary>
    public bool ChoosesVoltage { get; init; } = true;

    /// <summary>The class descriptor, section 5.1.</summary>
    public byte[] Descriptor()
    {
        var features = Level | Automatic | (ChoosesVoltage ? 0x08u : 0);
        var descriptor = new byte[54];
        (descriptor[0], descriptor[1], descriptor[2], descriptor[3], descriptor[5], descriptor[6]) = (54, 0x21, 0x10, 0x01, 7, 2);
        BitConverter.TryWriteBytes(descriptor.AsSpan(10), 4000u);
        BitConverter.TryWriteBytes(descriptor.AsSpan(14), 4000u);
        BitConverter.TryWriteBytes(descriptor.AsSpan(19), 307_200u);
        BitConverter.TryWriteBytes(descriptor.AsSpan(23), 307_200u);
        BitConverter.TryWriteBytes(descriptor.AsSpan(28), 3072u);
        BitConverter.TryWriteBytes(descriptor.AsSpan(40), features);
        BitConverter.TryWriteBytes(descriptor.AsSpan(44), (uint)MaxMessage);
        (descriptor[48], descriptor[49], descriptor[53]) = (0xFF, 0xFF, 1);
        return descriptor;
    }
}
