using System.Globalization;
using OffLM.Edge.Signing.Cards.Apdu;

namespace OffLM.Edge.Signing.Cards.OpenPgp;

/// <summary>What an OpenPGP card says of itself: data object 6E, OpenPGP card 3.4.1 section 4.4.1. A snapshot.</summary>
public sealed record ApplicationData
{
    private const int AidLength = 16;
    private const int FingerprintLength = 20;
    private const byte ChallengeCapability = 0x40;
    private const byte PinStatusCapability = 0x10;
    private const byte AttributesCapability = 0x04;
    private const byte KdfCapability = 0x01;

    /// <summary>Bit of the card capabilities in the historical bytes: extended lengths, ISO 7816-4 section 12.1.1.</summary>
    private const byte ExtendedCapability = 0x40;

    /// <summary>The version of the specification that the card follows.</summary>
    public required Version Version { get; init; }

    /// <summary>The maker's number, as registered with the Free Software Foundation Europe.</summary>
    public required ushort Manufacturer { get; init; }

    /// <summary>The card's serial number, unique for its maker.</summary>
    public required uint Serial { get; init; }

    /// <summary>What the signature slot holds or will generate.</summary>
    public required AlgorithmAttributes SignatureAlgorithm { get; init; }

    /// <summary>The OpenPGP fingerprint of the signature key, set by whoever made it; zeros if there is none.</summary>
    public required byte[] SignatureFingerprint { get; init; }

    public required PinStatus Pins { get; init; }

    public required TouchPolicy Touch { get; init; }

    /// <summary>True if GET CHALLENGE gives random bytes.</summary>
    public required bool CanGiveChallenge { get; init; }

    /// <summary>True if the kind of key can be chosen.</summary>
    public required bool CanSetAlgorithm { get; init; }

    /// <summary>True if it can be chosen whether a PIN holds for one signature or many.</summary>
    public required bool CanSetPinValidity { get; init; }

    /// <summary>True if the card may want PINs hashed (KDF-DO).</summary>
    public required bool KnowsPinHashing { get; init; }

    /// <summary>True if the card takes lengths beyond 255.</summary>
    public required bool ExtendedLength { get; init; }

    /// <summary>The longest command that it takes, in bytes; null if it doesn't say.</summary>
    public required int? MaxCommandLength { get; init; }

    /// <summary>Maker and serial number, as in a key's URI: 0006:12345678.</summary>
    public string Identity => $"{Manufacturer:X4}:{Serial:X8}";

    /// <summary>The maker's name where it is a common one, else its number.</summary>
    public string ManufacturerName => Manufacturer switch
    {
        0x0005 => "ZeitControl",
        0x0006 => "Yubico",
        0x000B => "Feitian",
        0x000F => "Nitrokey",
        0xF517 => "FSIJ",
        0xFFFE => "unmanaged (test)",
        _ => $"maker {Manufacturer:X4}",
    };

    /// <summary>True if the card goes by this name: its serial number, 8 hexadecimal digits; maker and serial with a colon between; or its whole application id.</summary>
    public bool Is(string name) => name.Length switch
    {
        8 => string.Equals(name, Serial.ToString("X8", CultureInfo.InvariantCulture), StringComparison.OrdinalIgnoreCase),
        2 * AidLength => string.Equals(name[16..28], Identity.Replace(":", "", StringComparison.Ordinal), StringComparison.OrdinalIgnoreCase),
        _ => string.Equals(name, Identity, StringComparison.OrdinalIgnoreCase),
    };

    /// <exception cref="CardException">Something that every OpenPGP card has is missing or malformed.</exception>
    internal static ApplicationData Parse(ReadOnlySpan<byte> data)
    {
        var related = BerTlv.TryFind(data, 0x6E, out var wrapped) ? wrapped : data;
        var aid = Find(related, 0x4F, AidLength, "its application identifier");
        _ = BerTlv.TryFind(related, 0x5F52, out var historical);
        var discretionary = BerTlv.TryFind(related, 0x73, out var nested) ? nested : related;
        var capabilities = Find(discretionary, 0xC0, 1, "its extended capabilities")[0];
        return new ApplicationData
        {
            Version = new Version(aid[6], aid[7]),
            Manufacturer = (ushort)(aid[8] << 8 | aid[9]),
            Serial = (uint)(aid[10] << 24 | aid[11] << 16 | aid[12] << 8 | aid[13]),
            SignatureAlgorithm = new(Find(discretionary, 0xC1, 1, "its algorithm attributes")),
            SignatureFingerprint = Find(discretionary, 0xC5, FingerprintLength, "its fingerprints")[..FingerprintLength].ToArray(),
            Pins = PinStatus.Parse(Find(discretionary, 0xC4, PinStatus.Size, "the state of its PINs")),
            Touch = BerTlv.TryFind(discretionary, 0xD6, out var touch) && touch.Length > 0 ? (TouchPolicy)touch[0] : TouchPolicy.Off,
            CanGiveChallenge = (capabilities & ChallengeCapability) != 0,
            CanSetPinValidity = (capabilities & PinStatusCapability) != 0,
            CanSetAlgorithm = (capabilities & AttributesCapability) != 0,
            KnowsPinHashing = (capabilities & KdfCapability) != 0,
            ExtendedLength = TakesExtendedLength(historical),
            MaxCommandLength = MaxCommand(related),
        };
    }

    private static ReadOnlySpan<byte> Find(ReadOnlySpan<byte> data, ushort tag, int least, string what) =>
        BerTlv.TryFind(data, tag, out var value) && value.Length >= least
            ? value
            : throw new CardException($"The card doesn't say {what} (data object {tag:X}) as an OpenPGP card does. Check it with 'gpg --card-status'.");

    /// <summary>Historical bytes: a category byte, compact TLV objects, three status bytes. Object 7 with three bytes ends with the lengths it takes.</summary>
    private static bool TakesExtendedLength(ReadOnlySpan<byte> historical)
    {
        for (var rest = historical.Length > 1 ? historical[1..] : default; rest.Length > (rest.IsEmpty ? 0 : rest[0] & 0xF); rest = rest[(1 + (rest[0] & 0xF))..])
        {
            if (rest[0] == 0x73)
            {
                return (rest[3] & ExtendedCapability) != 0;
            }
        }

        return false;
    }

    /// <summary>Data object 7F66: the longest command, then the longest response, each an integer of two bytes.</summary>
    private static int? MaxCommand(ReadOnlySpan<byte> related) =>
        BerTlv.TryFind(related, 0x7F66, out var lengths) && BerTlv.TryFind(lengths, 0x02, out var longest) && longest.Length == 2
            ? longest[0] << 8 | longest[1]
            : null;
}
