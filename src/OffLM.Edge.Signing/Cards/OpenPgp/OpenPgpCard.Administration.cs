using System.Security.Cryptography;
using OffLM.Edge.Signing.Cards.Apdu;

namespace OffLM.Edge.Signing.Cards.OpenPgp;

/// <summary>What needs the admin PIN, and what people do rather than nodes.</summary>
public sealed partial class OpenPgpCard
{
    /// <summary>PINs of a card that nobody has used, section 4.2.</summary>
    public const string FactoryUserPin = "123456";

    /// <summary>See <see cref="FactoryUserPin"/>.</summary>
    public const string FactoryAdminPin = "12345678";

    /// <summary>Least bytes of a user PIN, section 4.2.</summary>
    public const int MinUserPin = 6;

    /// <summary>Least bytes of an admin PIN, section 4.2.</summary>
    public const int MinAdminPin = 8;

    private const int MaxPin = 127;

    /// <summary>Generating a key takes some seconds on slow cards.</summary>
    private static readonly TimeSpan GeneratingPatience = TimeSpan.FromSeconds(60);

    /// <summary>Control reference template of the signature key, section 7.2.14.</summary>
    private static ReadOnlySpan<byte> SignatureTemplate => [0xB6, 0x00];

    /// <summary>Presents the admin PIN: VERIFY with mode 83. Never spends the last try.</summary>
    /// <exception cref="CardPinException">The PIN is wrong or blocked, or only one try is left.</exception>
    public void VerifyAdminPin(ReadOnlySpan<byte> pin)
    {
        var tries = Refresh().Pins.AdminTries;
        if (tries <= 1)
        {
            throw CardPinException.NoTryToSpend(CardPin.Admin, tries);
        }

        Present(CardPin.Admin, pin, () => Data.Pins.AdminTries);
    }

    /// <summary>Replaces a PIN by who knows the old one: CHANGE REFERENCE DATA, section 7.2.3. Never spends the last try.</summary>
    /// <exception cref="CardPinException">The old PIN is wrong or blocked, only one try is left, or the new one has a wrong length.</exception>
    public void ChangePin(CardPin pin, ReadOnlySpan<byte> old, ReadOnlySpan<byte> replacement)
    {
        RequireLength(pin, old);
        RequireLength(pin, replacement);
        var pins = Refresh().Pins;
        var tries = pin == CardPin.User ? pins.UserTries : pins.AdminTries;
        if (tries <= 1)
        {
            throw CardPinException.NoTryToSpend(pin, tries);
        }

        var both = GC.AllocateArray<byte>(old.Length + replacement.Length, pinned: true);
        try
        {
            old.CopyTo(both);
            replacement.CopyTo(both.AsSpan(old.Length));
            Judge(pin, _exchange.Send(new CommandApdu(0x24, 0x00, (byte)pin) { Data = both }), () => pin == CardPin.User ? Data.Pins.UserTries : Data.Pins.AdminTries);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(both);
        }
    }

    /// <summary>Sets a new user PIN and gives it all its tries back: RESET RETRY COUNTER, section 7.2.4. The admin PIN must have been presented.</summary>
    /// <exception cref="CardPinException">The new PIN has a wrong length.</exception>
    /// <exception cref="CardRefusedException">The admin PIN was not presented.</exception>
    public void ResetUserPin(ReadOnlySpan<byte> replacement)
    {
        RequireLength(CardPin.User, replacement);
        Require(new CommandApdu(0x2C, 0x02, (byte)CardPin.User) { Data = replacement }, "to set a new user PIN");
    }

    /// <summary>Chooses ECDSA over secp256k1 for the signature slot: data object C1. Deletes a key of another kind. Needs the admin PIN.</summary>
    /// <exception cref="CardRefusedException">The card doesn't know this curve, or the admin PIN was not presented.</exception>
    public void ChooseSecp256k1() => PutObject(0xC1, AlgorithmAttributes.EcdsaSecp256k1, "to keep a key of secp256k1");

    /// <summary>Chooses whether the user PIN holds for many signatures: data object C4. Needs the admin PIN.</summary>
    public void SetPinValidity(bool many) => PutObject(0xC4, [(byte)(many ? 1 : 0)], "to let the PIN hold for many signatures");

    /// <summary>Turns the touch off that signatures need: data object D6. Needs the admin PIN; impossible where it is permanent.</summary>
    public void TurnTouchOff() => PutObject(0xD6, [(byte)TouchPolicy.Off, 0x20], "to sign without a touch");

    /// <summary>
    /// Makes a new key in the signature slot, in place of any other: GENERATE ASYMMETRIC KEY PAIR, section 7.2.14. Sets the signature counter to 0.
    /// Needs the admin PIN.
    /// </summary>
    /// <returns>The public key, x and y.</returns>
    public byte[] GenerateSigningKey() => PublicKeyOf(
        Require(new CommandApdu(0x47, 0x80, 0x00) { Data = SignatureTemplate, Expected = CommandApdu.Any }, "to make a key", GeneratingPatience));

    /// <summary>Stores when the signature key was made and its OpenPGP fingerprint, by which gpg and others know that there is one. Needs the admin PIN.</summary>
    /// <param name="publicKey">x and y, 64 bytes.</param>
    /// <param name="madeAt">When.</param>
    public void DescribeSigningKey(ReadOnlySpan<byte> publicKey, DateTimeOffset madeAt)
    {
        Span<byte> time = stackalloc byte[4];
        System.Buffers.Binary.BinaryPrimitives.WriteUInt32BigEndian(time, (uint)madeAt.ToUnixTimeSeconds());
        PutObject(0xC7, OpenPgpFingerprint.Of(publicKey, time), "to store the key's fingerprint");
        PutObject(0xCE, time, "to store when the key was made");
    }

    private void PutObject(ushort tag, ReadOnlySpan<byte> value, string asked) => Require(new CommandApdu(0xDA, (byte)(tag >> 8), (byte)tag) { Data = value }, asked);

    private void Present(CardPin pin, ReadOnlySpan<byte> value, Func<int> tries)
    {
        RequireLength(pin, value);
        Judge(pin, _exchange.Send(new CommandApdu(0x20, 0x00, (byte)pin) { Data = value }), tries);
    }

    /// <summary>Some cards tell a wrong PIN with 63Cx, others with 6982 only; the tries are then read from the card.</summary>
    private void Judge(CardPin pin, ResponseApdu response, Func<int> tries)
    {
        if (StatusWord.TriesLeft(response.Status) is { } left)
        {
            throw CardPinException.Wrong(pin, left);
        }

        switch (response.Status)
        {
            case StatusWord.Ok:
                return;
            case StatusWord.SecurityNotSatisfied:
                Refresh();
                throw CardPinException.Wrong(pin, tries());
            case StatusWord.Blocked:
                throw CardPinException.NoTryToSpend(pin, 0);
            default:
                Require(response, "to take a PIN");
                return;
        }
    }

    /// <summary>A PIN of a length that no card takes is not shown to the card: it would cost a try.</summary>
    private static void RequireLength(CardPin pin, ReadOnlySpan<byte> value)
    {
        var least = pin == CardPin.User ? MinUserPin : MinAdminPin;
        if (value.Length < least || value.Length > MaxPin)
        {
            throw CardPinException.BadLength(pin, least, MaxPin);
        }
    }
}
