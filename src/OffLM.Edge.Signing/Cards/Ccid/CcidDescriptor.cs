using System.Buffers.Binary;

namespace OffLM.Edge.Signing.Cards.Ccid;

/// <summary>What a reader says of itself: the smart card device class descriptor, CCID 1.1 section 5.1.</summary>
/// <param name="Voltages">bVoltageSupport: bit 0 for 5 V, 1 for 3 V, 2 for 1.8 V.</param>
/// <param name="Protocols">dwProtocols: bit 0 for T=0, 1 for T=1.</param>
/// <param name="Features">dwFeatures.</param>
/// <param name="MaxMessage">dwMaxCCIDMessageLength in bytes, header included.</param>
internal sealed record CcidDescriptor(byte Voltages, uint Protocols, uint Features, int MaxMessage)
{
    /// <summary>bLength and bDescriptorType.</summary>
    public const int Size = 54;

    private const byte DescriptorType = 0x21;
    private const uint LevelMask = 0x70000;
    private const uint AutomaticVoltage = 0x08;

    /// <summary>A header and the longest short APDU: section 5.1 asks for at least that at APDU levels.</summary>
    private const int LeastMessage = 10 + 261;

    /// <summary>A header and the longest extended APDU.</summary>
    private const int MostMessage = 10 + 65544;

    public ExchangeLevel Level => (Features & LevelMask) switch
    {
        0 => ExchangeLevel.Character,
        0x10000 => ExchangeLevel.Tpdu,
        0x20000 => ExchangeLevel.ShortApdu,
        0x40000 => ExchangeLevel.ExtendedApdu,
        _ => ExchangeLevel.Unknown,
    };

    /// <summary>True if the reader finds the card's voltage by itself.</summary>
    public bool ChoosesVoltage => (Features & AutomaticVoltage) != 0;

    /// <summary>Reads the descriptor.</summary>
    /// <param name="extra">The class-specific descriptors that follow the interface's, or an endpoint's.</param>
    /// <returns>Null if there is none among them.</returns>
    public static CcidDescriptor? Parse(ReadOnlySpan<byte> extra)
    {
        while (extra.Length >= 2 && extra[0] >= 2 && extra[0] <= extra.Length)
        {
            if (extra[1] == DescriptorType && extra[0] >= Size)
            {
                var longest = BinaryPrimitives.ReadUInt32LittleEndian(extra[44..]);
                return new(
                    extra[5],
                    BinaryPrimitives.ReadUInt32LittleEndian(extra[6..]),
                    BinaryPrimitives.ReadUInt32LittleEndian(extra[40..]),
                    (int)Math.Clamp(longest, LeastMessage, MostMessage));
            }

            extra = extra[extra[0]..];
        }

        return null;
    }
}
