using OffLM.Edge.Metering.Receipts;
using OffLM.Edge.Signing;
using OffLM.Edge.Signing.TypedStructs;

namespace OffLM.Edge.Metering.Batches;

/// <summary>Forms batches of open receipts and has them signed: intent, signature, batch, each durable before the next.</summary>
/// <param name="ledger">Where receipts are and batches go.</param>
/// <param name="domain">The network that signatures are for.</param>
/// <param name="boot">The node's boot count.</param>
/// <param name="clock">The time and what it is worth.</param>
public sealed class BatchSealer(Ledger ledger, TypedDomain domain, uint boot, Func<(ulong UnixMilliseconds, ClockSource Source)> clock)
{
    /// <summary>Signs one batch of the oldest open receipts.</summary>
    /// <returns>The batch; null if no receipt is open.</returns>
    /// <exception cref="KeyUnavailableException">The key can't sign now, or signed with another key; the receipts stay open.</exception>
    /// <exception cref="LedgerUnavailableException">The disk failed.</exception>
    /// <exception cref="LedgerRolledBackException">The network or the card knows of batches that this ledger lacks.</exception>
    public async Task<StoredBatch?> SealNextAsync(ISigningKey key, CancellationToken cancellation)
    {
        var (now, source) = clock();
        var counter = await ObserveAsync(key, now, cancellation);
        var batch = await ledger.PrepareBatchAsync(new BatchSeal(key.Address, key.Class, counter, now, source, boot, domain));
        if (batch is null)
        {
            return null;
        }

        var digest = domain.Digest(TypedStruct.Hash(batch));
        var signature = await key.SignAsync(digest, cancellation);
        if (signature.Recover(digest) != key.Address)
        {
            throw new KeyUnavailableException($"{key.Description} gave a signature that is not by {key.Address}. It is not used; check the key with 'key test'.");
        }

        return await ledger.StoreBatchAsync(batch, signature, domain);
    }

    /// <summary>Reads a card's counter and compares it with what the ledger knows.</summary>
    /// <returns>The counter; 0 for a key file.</returns>
    /// <exception cref="KeyUnavailableException">The key can't be reached now.</exception>
    /// <exception cref="LedgerRolledBackException">The card has made signatures that the ledger can't explain.</exception>
    public async Task<uint> ObserveAsync(ISigningKey key, CancellationToken cancellation) => await ObserveAsync(key, clock().UnixMilliseconds, cancellation);

    /// <summary>Signs 32 random bytes, which the ledger is told before: for a card that counts.</summary>
    /// <exception cref="KeyUnavailableException">The key can't sign now, or signed with another key.</exception>
    /// <exception cref="LedgerRolledBackException">The card has made signatures that the ledger can't explain.</exception>
    /// <returns>The card's counter afterwards.</returns>
    public async Task<uint> TestAsync(ISigningKey key, CancellationToken cancellation)
    {
        await SignAsync(key, Bytes32.Random(), cancellation);
        return await ObserveAsync(key, cancellation);
    }

    /// <summary>Signs something other than a batch, which the ledger is told before: for a card that counts.</summary>
    /// <exception cref="KeyUnavailableException">The key can't sign now, or signed with another key.</exception>
    /// <exception cref="LedgerRolledBackException">The card has made signatures that the ledger can't explain.</exception>
    public async Task<RecoverableSignature> SignAsync(ISigningKey key, Bytes32 digest, CancellationToken cancellation)
    {
        var now = clock().UnixMilliseconds;
        var counter = await ObserveAsync(key, now, cancellation);
        if (key.Class == KeyClass.SmartCard)
        {
            await ledger.AnnounceTestAsync(key.Address, counter, now);
        }

        var signature = await key.SignAsync(digest, cancellation);
        return signature.Recover(digest) == key.Address
            ? signature
            : throw new KeyUnavailableException($"{key.Description} signed, but the signature is not by {key.Address}. Don't use this key.");
    }

    private async Task<uint> ObserveAsync(ISigningKey key, ulong now, CancellationToken cancellation)
    {
        var counter = await key.ReadCounterAsync(cancellation);
        return key.Class == KeyClass.SmartCard && await ledger.ObserveCounterAsync(key.Address, counter, now) is { } gap
            ? throw LedgerRolledBackException.ByCounter(gap.Expected, gap.Found)
            : counter;
    }

    /// <summary>Signs batches until no receipt is open.</summary>
    /// <returns>How many batches were signed.</returns>
    /// <exception cref="KeyUnavailableException">The key can't sign now.</exception>
    public async Task<int> SealAllAsync(ISigningKey key, CancellationToken cancellation)
    {
        var sealedBatches = 0;
        while (await SealNextAsync(key, cancellation) is not null)
        {
            sealedBatches++;
        }

        return sealedBatches;
    }
}
