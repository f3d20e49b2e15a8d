using OffLM.Edge.Metering;
using OffLM.Edge.Metering.Batches;
using OffLM.Edge.Metering.Receipts;
using OffLM.Edge.Signing;

namespace OffLM.Edge.Bench.Ledgers;

/// <summary>Fills a ledger with receipts in signed batches. Goes on where an earlier attempt was stopped.</summary>
internal static class SignedLedger
{
    /// <summary>Enough that commits are large; a batch of receipts is a divisor.</summary>
    private const int Chunk = 4096;

    /// <summary>Appends and signs until there are so many receipts.</summary>
    /// <param name="ledger">The ledger; no node may run on it.</param>
    /// <param name="key">The node's key.</param>
    /// <param name="receipts">How many there shall be.</param>
    public static async Task FillAsync(Ledger ledger, ISigningKey key, int receipts)
    {
        await ledger.RecoverAsync();
        await ledger.SetNodeAddressAsync(key.Address);
        var tariff = await Receipts.AddTariffAsync(ledger);
        var sealer = new BatchSealer(ledger, TypedDomain.TestNetwork, 1, () => (1_790_000_000_000, ClockSource.NetworkTime));
        var there = (int)Summary(ledger).Receipts;
        while (there < receipts)
        {
            var holds = await Receipts.HoldAsync(ledger, tariff, Math.Min(Chunk, receipts - there));
            await Task.WhenAll(holds.Select(hold => ledger.AppendAsync(hold.Request, Receipts.NewClosing())));
            await sealer.SealAllAsync(key, CancellationToken.None);
            there += holds.Count;
        }
    }

    /// <summary>What a ledger holds.</summary>
    public static LedgerSummary Summary(Ledger ledger)
    {
        using var reader = ledger.Read();
        return reader.Summary();
    }
}
