using OffLM.Edge.Signing.Cards.OpenPgp;
using OffLM.Edge.Signing.Interop.Secp256k1;

namespace OffLM.Edge.Signing.Cards;

/// <summary>A node's key in an OpenPGP card. The card is reserved for this process until disposed; one that was unplugged is taken up again.</summary>
public sealed class SmartCardKey : ISigningKey
{
    private readonly string _name;
    private readonly CardConnector _connect;
    private readonly CardPinKeeper _pins;
    private readonly CardThread _thread;

    /// <summary>Null while it is away.</summary>
    private OpenPgpCard? _card;
    private bool _disposed;

    private SmartCardKey(string name, CardConnector connect, CardPinKeeper pins, CardThread thread, OpenPgpCard card, Address address)
    {
        (_name, _connect, _pins, _thread, _card, Address) = (name, connect, pins, thread, card, address);
        Description = $"card:{card.Data.Identity}";
    }

    public Address Address { get; }

    public KeyClass Class => KeyClass.SmartCard;

    public string Description { get; }

    /// <summary>Finds the card, derives the address of its key, and presents the PIN, so that what is wrong is known before the first batch.</summary>
    /// <param name="name">The card's serial number, or maker and serial number; empty for the first found.</param>
    /// <param name="connect">How cards are reached.</param>
    /// <param name="pins">Presents the PIN; remembers what was rejected, so it outlives the key.</param>
    /// <param name="cancellation">Stops the waiting.</param>
    /// <exception cref="KeyUnavailableException">There is no such card, it has no fit key, it wants a touch, or its PIN.</exception>
    public static async Task<SmartCardKey> OpenAsync(string name, CardConnector connect, CardPinKeeper pins, CancellationToken cancellation)
    {
        var thread = new CardThread();
        try
        {
            return await thread.RunAsync(
                () => Guard(() =>
                {
                    var (card, address) = Connect(name, connect);
                    try
                    {
                        pins.Present(card);
                        return new SmartCardKey(name, connect, pins, thread, card, address);
                    }
                    catch
                    {
                        card.Dispose();
                        throw;
                    }
                }),
                cancellation);
        }
        catch
        {
            thread.Dispose();
            throw;
        }
    }

    public async ValueTask<uint> ReadCounterAsync(CancellationToken cancellation)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        return await _thread.RunAsync(() => Guard(ReadCounter), cancellation);
    }

    public async ValueTask<RecoverableSignature> SignAsync(Bytes32 digest, CancellationToken cancellation)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        return await _thread.RunAsync(() => Guard(() => Sign(digest)), cancellation);
    }

    public void Dispose()
    {
        if (!_disposed)
        {
            _disposed = true;
            _thread.Finish(() => _card?.Dispose());
        }
    }

    /// <summary>Why this card can't be a node's key; null if it can.</summary>
    public static string? Obstacle(ApplicationData card) => card switch
    {
        { Touch: not TouchPolicy.Off } => $"The card {card.Identity} wants to be touched for each signature, and a node signs with nobody there. "
            + $"Turn that off with the admin PIN{(card.Touch is TouchPolicy.Permanent or TouchPolicy.PermanentCached ? "; here it is permanent, so a new key must be made" : "")}: offlm-edge key enroll",
        { SignatureAlgorithm.IsEcdsaSecp256k1: false } =>
            $"The card {card.Identity} has {card.SignatureAlgorithm} in its signature slot; a node signs with ECDSA secp256k1. Make such a key: offlm-edge key enroll",
        _ => null,
    };

    private static (OpenPgpCard Card, Address Address) Connect(string name, CardConnector connect)
    {
        var card = connect(name);
        try
        {
            if (Obstacle(card.Data) is { } obstacle)
            {
                throw new CardException(obstacle);
            }

            return card.ReadSigningKey() is { } key
                ? (card, Address.OfPublicKey(key))
                : throw new CardException($"The card {card.Data.Identity} has no signature key yet. Make one: offlm-edge key enroll");
        }
        catch
        {
            card.Dispose();
            throw;
        }
    }

    private static T Guard<T>(Func<T> work)
    {
        try
        {
            return work();
        }
        catch (CardException e)
        {
            throw new KeyUnavailableException(e.Message, e);
        }
    }

    private uint ReadCounter()
    {
        try
        {
            if (_card is { } card)
            {
                return card.ReadSignatureCounter();
            }
        }
        catch (CardException e) when (e is CardGoneException or CardRefusedException)
        {
            // It was unplugged, or reset, and may be back. Nothing was asked of it yet that could be lost.
        }

        return Reconnect().ReadSignatureCounter();
    }

    private RecoverableSignature Sign(Bytes32 digest)
    {
        var card = _card ?? Reconnect();
        byte[] signature;
        try
        {
            signature = card.Sign(digest);
        }
        catch (CardPinException)
        {
            // Its PIN holds for one signature only, or the card lost power since: it refused, so nothing was signed.
            _pins.Present(card);
            signature = card.Sign(digest);
        }

        return Secp256k1.Complete(signature, digest, Address)
            ?? throw new CardGoneException($"The card {Description} gave a signature that is not by {Address}. It is not used; check the card with 'offlm-edge key test'.");
    }

    private OpenPgpCard Reconnect()
    {
        _card?.Dispose();
        _card = null;
        var (card, address) = Connect(_name, _connect);
        try
        {
            if (address != Address)
            {
                throw new CardException($"The card {card.Data.Identity} has the key {address} now; the node's is {Address}.");
            }

            _pins.Present(card);
            return _card = card;
        }
        catch
        {
            card.Dispose();
            throw;
        }
    }
}
