using OffLM.Edge.Signing.Cards.OpenPgp;
using OffLM.Edge.Signing.Interop.Secp256k1;

namespace OffLM.Edge.Signing.Cards;

/// <summary>Prepares a card to be a node's key: a key of secp256k1 that never leaves it, a PIN of its owner's, no touch.</summary>
/// <param name="card">The card.</param>
/// <param name="time">For the day that the key was made.</param>
public sealed class CardEnrolment(OpenPgpCard card, TimeProvider time)
{
    /// <summary>The address of the key that the card has; null if its signature slot is empty or holds a key of another kind.</summary>
    /// <exception cref="CardException">The card doesn't say.</exception>
    public Address? ExistingKey => card.Data.SignatureAlgorithm.IsEcdsaSecp256k1 && card.ReadSigningKey() is { } key ? Address.OfPublicKey(key) : null;

    /// <summary>True if the slot holds any key: replacing it deletes that.</summary>
    public bool HoldsKey => card.Data.SignatureFingerprint.Any(b => b != 0) || ExistingKey is not null;

    /// <summary>Makes a new key, in place of any that the slot holds, gives the card its owner's PIN, and tries both.</summary>
    /// <param name="admin">The admin PIN as it is.</param>
    /// <param name="user">The user PIN as it shall be.</param>
    /// <param name="newAdmin">The admin PIN as it shall be; null to keep it.</param>
    /// <returns>The new key's address.</returns>
    /// <exception cref="CardException">The card refused; what was not yet done is left undone, and enrolling can be repeated.</exception>
    public Address MakeKey(SecretText admin, SecretText user, SecretText? newAdmin)
    {
        Prepare(admin, user, newAdmin);
        card.ChooseSecp256k1();
        var publicKey = card.GenerateSigningKey();
        card.DescribeSigningKey(publicKey, time.GetUtcNow());
        var address = Address.OfPublicKey(publicKey);
        card.VerifySigningPin(user.Bytes);
        var digest = Bytes32.Random();
        return Secp256k1.Complete(card.Sign(digest), digest, address) is not null
            ? address
            : throw new CardException($"The card {card.Data.Identity} made a key and signs, but not with that key. Don't use this card.");
    }

    /// <summary>Takes the key that the card has: gives it its owner's PIN and turns the touch off. Signs nothing: its counter may be known to a ledger.</summary>
    /// <inheritdoc cref="MakeKey"/>
    public Address KeepKey(SecretText admin, SecretText user, SecretText? newAdmin)
    {
        var address = ExistingKey ?? throw new CardException($"The card {card.Data.Identity} holds no key of secp256k1 that could be kept.");
        Prepare(admin, user, newAdmin);
        card.VerifySigningPin(user.Bytes);
        return address;
    }

    private void Prepare(SecretText admin, SecretText user, SecretText? newAdmin)
    {
        card.VerifyAdminPin(admin.Bytes);
        card.ResetUserPin(user.Bytes);
        if (card.Data.Touch != TouchPolicy.Off)
        {
            card.TurnTouchOff();
        }

        if (card.Data.CanSetPinValidity)
        {
            card.SetPinValidity(many: true);
        }

        if (newAdmin is not null)
        {
            card.ChangePin(CardPin.Admin, admin.Bytes, newAdmin.Bytes);
            card.VerifyAdminPin(newAdmin.Bytes);
        }

        card.Refresh();
    }
}
