using System.Security.Cryptography;
using OffLM.Edge.Signing.Cards.Apdu;

namespace OffLM.Edge.Signing.Cards.OpenPgp;

/// <summary>
/// The OpenPGP application of one card, selected: what a node needs to sign, and what enrolling a fresh card needs. OpenPGP Smart Card Application
/// 3.4.1. Used by one thread at a time; each call blocks until the card has answered.
/// </summary>
public sealed partial class OpenPgpCard : IDisposable
{
    /// <summary>Bytes of an ECDSA signature over secp256k1: r and s.</summary>
    private const int SignatureLength = 64;

    private const ushort SecuritySupportTemplate = 0x7A;
    private const ushort SignatureCounter = 0x93;
    private const ushort KeyDerivation = 0xF9;

    /// <summary>What a signature may take. Cards need 0.1 to 1.5 s; more means that the card hangs, or waits for a touch.</summary>
    private static readonly TimeSpan SigningPatience = TimeSpan.FromSeconds(15);

    private readonly ICardChannel _channel;
    private readonly ApduExchange _exchange;

    private OpenPgpCard(ICardChannel channel)
    {
        _channel = channel;
        _exchange = new ApduExchange(channel);
        Data = null!;
    }

    /// <summary>What the card said of itself when it was last read.</summary>
    public ApplicationData Data { get; private set; }

    /// <summary>Where the card is, for people.</summary>
    public string Place => _channel.Description;

    private static ReadOnlySpan<byte> ApplicationId => [0xD2, 0x76, 0x00, 0x01, 0x24, 0x01];

    /// <summary>Selects the OpenPGP application, section 7.2.1, and reads what the card says of itself.</summary>
    /// <param name="channel">The card, turned on. Disposed of with this, and if this fails.</param>
    /// <exception cref="CardException">It is no OpenPGP card, or one that can't be used.</exception>
    /// <exception cref="CardGoneException">It stopped answering.</exception>
    public static OpenPgpCard Select(ICardChannel channel)
    {
        var card = new OpenPgpCard(channel);
        try
        {
            card.Require(new CommandApdu(0xA4, 0x04, 0x00) { Data = ApplicationId, Expected = CommandApdu.Any }, "to open its OpenPGP application");
            card.Refresh();
            card._exchange.AdoptCapabilities(card.Data.ExtendedLength, card.Data.MaxCommandLength);
            card.RefuseHashedPins();
            return card;
        }
        catch
        {
            card.Dispose();
            throw;
        }
    }

    /// <summary>Reads anew what the card says of itself: GET DATA, section 7.2.6.</summary>
    /// <exception cref="CardException">The answer is malformed or an error.</exception>
    public ApplicationData Refresh() => Data = ApplicationData.Parse(ReadObject(0x6E, "what it says of itself"));

    /// <summary>How many signatures the key in the signature slot has made: data object 93. Generating a key sets it to 0.</summary>
    /// <exception cref="CardException">The answer is malformed or an error.</exception>
    public uint ReadSignatureCounter()
    {
        var template = ReadObject(SecuritySupportTemplate, "its signature counter");
        var support = BerTlv.TryFind(template, SecuritySupportTemplate, out var wrapped) ? wrapped : template;
        return BerTlv.TryFind(support, SignatureCounter, out var counter) && counter.Length == 3
            ? (uint)(counter[0] << 16 | counter[1] << 8 | counter[2])
            : throw new CardException("The card doesn't say how many signatures it has made (data object 93). Check it with 'gpg --card-status'.");
    }

    /// <summary>The public key in the signature slot, x and y: GENERATE ASYMMETRIC KEY PAIR with P1 81, section 7.2.14.</summary>
    /// <returns>64 bytes; null if the slot is empty.</returns>
    /// <exception cref="CardException">It is no key of secp256k1.</exception>
    public byte[]? ReadSigningKey()
    {
        var response = _exchange.Send(new CommandApdu(0x47, 0x81, 0x00) { Data = SignatureTemplate, Expected = CommandApdu.Any });
        return response.Status is StatusWord.ReferencedDataNotFound or StatusWord.NotFound or StatusWord.ConditionsNotSatisfied
            ? null
            : PublicKeyOf(Require(response, "for its public key"));
    }

    /// <summary>Presents the user PIN for signing: VERIFY with mode 81, section 7.2.2. Never spends the last try.</summary>
    /// <exception cref="CardPinException">The PIN is wrong or blocked, or only one try is left.</exception>
    /// <exception cref="CardException">The card refused for another reason.</exception>
    public void VerifySigningPin(ReadOnlySpan<byte> pin)
    {
        var tries = Refresh().Pins.UserTries;
        if (tries <= 1)
        {
            throw CardPinException.NoTryToSpend(CardPin.User, tries);
        }

        Present(CardPin.User, pin, () => Data.Pins.UserTries);
    }

    /// <summary>Signs a digest with the key in the signature slot: PSO: COMPUTE DIGITAL SIGNATURE, section 7.2.10. Counts one signature.</summary>
    /// <returns>r and s, 32 bytes each, as the card gave them: s may be high.</returns>
    /// <exception cref="CardPinException">The user PIN has not been presented, or holds no longer. Nothing was signed.</exception>
    /// <exception cref="CardException">The card refused. Nothing was signed.</exception>
    /// <exception cref="CardGoneException">No answer came: whether a signature was made is not known.</exception>
    public byte[] Sign(Bytes32 digest)
    {
        var response = _exchange.Send(new CommandApdu(0x2A, 0x9E, 0x9A) { Data = digest.AsSpan(), Expected = CommandApdu.Any }, SigningPatience);
        if (response.Status == StatusWord.SecurityNotSatisfied)
        {
            throw CardPinException.NotPresented();
        }

        var signature = Require(response, "for a signature");
        return signature.Length == SignatureLength
            ? signature
            : throw new CardGoneException($"The card gave a signature of {signature.Length} bytes; one of secp256k1 has {SignatureLength}. It is not used.");
    }

    /// <summary>Random bytes from the card: GET CHALLENGE, section 7.2.15.</summary>
    /// <param name="length">How many, 1 to 255.</param>
    /// <exception cref="CardException">It gives none, or another number.</exception>
    public byte[] GetChallenge(byte length)
    {
        var random = Require(new CommandApdu(0x84, 0x00, 0x00) { Expected = length }, "for random bytes");
        return random.Length == length ? random : throw new CardException($"The card was asked for {length} random bytes and gave {random.Length}.");
    }

    public void Dispose() => _channel.Dispose();

    private static byte[] PublicKeyOf(byte[] answer) =>
        BerTlv.TryFind(answer, 0x7F49, out var key) && BerTlv.TryFind(key, 0x86, out var point) && point is [0x04, ..] && point.Length == 65
            ? point[1..].ToArray()
            : throw new CardException("The card's signature slot holds no key of secp256k1. 'offlm-edge key enroll' makes one; 'key show' says what it holds.");

    /// <summary>Cards that store PINs hashed expect them hashed; that is not done here.</summary>
    private void RefuseHashedPins()
    {
        if (!Data.KnowsPinHashing)
        {
            return;
        }

        var response = _exchange.Send(new CommandApdu(0xCA, 0x00, (byte)KeyDerivation) { Expected = CommandApdu.Any });
        if (!response.IsOk)
        {
            return;
        }

        var setting = BerTlv.TryFind(response.Data, KeyDerivation, out var wrapped) ? wrapped : response.Data;
        if (BerTlv.TryFind(setting, 0x81, out var algorithm) && algorithm is not [0])
        {
            throw new CardException("The card takes hashed PINs only (KDF-DO), which this program does not send. Turn that off: gpg --card-edit, admin, kdf-setup off.");
        }
    }

    private byte[] ReadObject(ushort tag, string what) => Require(new CommandApdu(0xCA, (byte)(tag >> 8), (byte)tag) { Expected = CommandApdu.Any }, "for " + what);

    private byte[] Require(CommandApdu command, string asked, TimeSpan? patience = null) => Require(_exchange.Send(command, patience), asked);

    private static byte[] Require(ResponseApdu response, string asked) => response.IsOk
        ? response.Data
        : throw new CardRefusedException($"The card was asked {asked} and refused: {StatusWord.Describe(response.Status)}.", response.Status);
}
