using OffLM.Edge.Bench.Nodes;
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

    /// <summary>A node's state with that many receipts, made once: by the node itself, then filled under its own key.</summary>
    /// <param name="workspace">Where it is kept.</param>
    /// <param name="name">The folder's name there.</param>
    /// <param name="receipts">How many.</param>
    /// <param name="paid">Whether guests pay for them; else they are the household's own.</param>
    /// <returns>The state directory.</returns>
    public static async Task<string> StateAsync(Workspace workspace, string name, int receipts, bool paid)
    {
        var state = Path.Combine(workspace.Kept, name);
        var path = Path.Combine(state, "ledger.db");
        if (!File.Exists(path))
        {
            await (await RunningNode.StartAsync(workspace, state)).DisposeAsync();
        }

        using var ledger = Ledger.Open(path, TimeProvider.System);
        if (Summary(ledger).Receipts < (ulong)receipts)
        {
            Console.Error.WriteLine($"bench: making a ledger of {receipts} receipts (minutes, once)");
            var keyPath = Path.Combine(state, "keys", "node.json");
            using var key = KeyFile.Open(keyPath, KeyPassword.Find(keyPath)!.Value);
            await FillAsync(ledger, key, receipts, paid);
        }

        return state;
    }

    /// <summary>Appends and signs until there are so many receipts.</summary>
    /// <param name="ledger">The ledger; no node may run on it.</param>
    /// <param name="key">The node's key.</param>
    /// <param name="receipts">How many there shall be.</param>
    /// <param name="paid">Whether guests pay for them.</param>
    public static async Task FillAsync(Ledger ledger, ISigningKey key, int receipts, bool paid = false)
    {
        await ledger.RecoverAsync();
        await ledger.SetNodeAddressAsync(key.Address);
        var tariff = paid ? await ledger.AddTariffAsync(Receipts.Prices) : await Receipts.AddTariffAsync(ledger);
        var sealer = new BatchSealer(ledger, TypedDomain.TestNetwork, 1, () => (1_790_000_000_000, ClockSource.NetworkTime));
        var there = (int)Summary(ledger).Receipts;
        while (there < receipts)
        {
            var holds = await Receipts.HoldAsync(ledger, tariff, Math.Min(Chunk, receipts - there), paid);
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
