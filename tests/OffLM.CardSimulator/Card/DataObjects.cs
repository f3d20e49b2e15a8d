namespace OffLM.CardSimulator.Card;

/// <summary>The card's data objects as GET DATA gives them: OpenPGP card 3.4.1 section 4.4.</summary>
internal static class DataObjects
{
    private static readonly byte[] DecryptionAlgorithm = [0x01, 0x08, 0x00, 0x00, 0x20, 0x00];

    /// <summary>The value of an object; null if there is none with this tag.</summary>
    public static byte[]? Find(ushort tag, CardState state, CardManners manners) => tag switch
    {
        0x4F => Aid(state),
        0x5E or 0x5F50 or 0x7F74 or 0x0101 or 0x0102 => [],
        0x5F52 => Historical(manners),
        0x65 => [.. Tlv(0x5B, "Simulator<<OffLM"u8), .. Tlv(0x5F2D, "en"u8), .. Tlv(0x5F35, "9"u8)],
        0x6E => [.. Tlv(0x4F, Aid(state)), .. Tlv(0x5F52, Historical(manners)), .. manners.ExtendedLength ? Tlv(0x7F66, [2, 2, 8, 0, 2, 2, 8, 0]) : [], .. Tlv(0x73, Discretionary(state))],
        0x7A => Tlv(0x93, [(byte)(state.Counter >> 16), (byte)(state.Counter >> 8), (byte)state.Counter]),
        0x93 => [(byte)(state.Counter >> 16), (byte)(state.Counter >> 8), (byte)state.Counter],
        0xC0 => Capabilities(state),
        0xC4 => PinStatus(state),
        0xD6 => [state.Touch, 0x20],
        0xF9 => state.KeyDerivation,
        _ => null,
    };

    /// <summary>One object with its tag and length.</summary>
    public static byte[] Tlv(ushort tag, ReadOnlySpan<byte> value)
    {
        byte[] head = tag > 0xFF ? [(byte)(tag >> 8), (byte)tag] : [(byte)tag];
        byte[] length = value.Length switch
        {
            < 0x80 => [(byte)value.Length],
            < 0x100 => [0x81, (byte)value.Length],
            _ => [0x82, (byte)(value.Length >> 8), (byte)value.Length],
        };
        return [.. head, .. length, .. value];
    }

    private static byte[] Aid(CardState state) =>
    [
        0xD2, 0x76, 0x00, 0x01, 0x24, 0x01, 3, 4, (byte)(state.Manufacturer >> 8), (byte)state.Manufacturer,
        (byte)(state.Serial >> 24), (byte)(state.Serial >> 16), (byte)(state.Serial >> 8), (byte)state.Serial, 0, 0,
    ];

    /// <summary>Section 6.2: category, card service data, card capabilities (chaining, extended lengths), life cycle, 9000.</summary>
    private static byte[] Historical(CardManners manners) => [0x00, 0x31, 0xF5, 0x73, 0xC0, 0x01, (byte)(manners.ExtendedLength ? 0xC0 : 0x80), 0x05, 0x90, 0x00];

    private static byte[] Capabilities(CardState state) => [(byte)(0x74 | (state.KeyDerivation.Length > 0 ? 1 : 0)), 0, 0, 32, 8, 0, 0, 255, 0, 0];

    private static byte[] PinStatus(CardState state) =>
        [(byte)(state.PinForMany ? 1 : 0), 127, 127, 127, (byte)state.UserTries, (byte)state.ResetTries, (byte)state.AdminTries];

    private static byte[] Discretionary(CardState state) =>
    [
        .. Tlv(0xC0, Capabilities(state)),
        .. Tlv(0xC1, state.SignatureAlgorithm),
        .. Tlv(0xC2, DecryptionAlgorithm),
        .. Tlv(0xC3, DecryptionAlgorithm),
        .. Tlv(0xC4, PinStatus(state)),
        .. Tlv(0xC5, [.. state.Fingerprint, .. new byte[40]]),
        .. Tlv(0xC6, new byte[60]),
        .. Tlv(0xCD, [.. state.MadeAt, .. new byte[8]]),
        .. Tlv(0xDE, [1, (byte)(state.Secret is null ? 0 : 1), 2, 0, 3, 0]),
        .. Tlv(0xD6, [state.Touch, 0x20]),
    ];
}
