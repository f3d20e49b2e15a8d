using System.Diagnostics;
using OffLM.CardSimulator.Card;
using OffLM.CardSimulator.Fronts;
using OffLM.Edge.Bench.Figures;
using OffLM.Edge.Bench.Ledgers;
using OffLM.Edge.Metering;
using OffLM.Edge.Metering.Batches;
using OffLM.Edge.Metering.Receipts;
using OffLM.Edge.Signing;

namespace OffLM.Edge.Bench.Parts;

/// <summary>What a slow smart card costs the receipts that are written meanwhile, measured against a key file.</summary>
internal static class CardPart
{
    private const int Appenders = 16;

    /// <summary>As slow as cards are.</summary>
    private static readonly TimeSpan SigningTime = TimeSpan.FromSeconds(1.5);

    public static async Task<IReadOnlyList<Figure>> MeasureAsync(Workspace workspace, Effort effort)
    {
        using var folder = workspace.NewFolder();
        using var file = KeyFile.Create(folder.File("node.json"), "bench");
        using var card = await new SimulatedCard(new CardManners { SigningTime = SigningTime }).OpenKeyAsync();
        var window = TimeSpan.FromSeconds(effort.Size(60, 5));
        var rates = await Alternation.RunAsync(
            effort.Quick ? effort.Rounds : 3,
            round => RateAsync(folder.File($"file{round}.db"), file, window),
            round => RateAsync(folder.File($"card{round}.db"), card, window));
        var how = $"{Appenders} clients hold and append for {window.TotalSeconds:0} s while full batches are signed; the card takes {SigningTime.TotalSeconds} s a signature. Against a key file";
        return
        [
            Figure.AtLeast(0.99, "receipts with a slow card / with a key file", rates.Ratios, Unit.Times, how),
            Figure.Plain("receipts with a slow card", rates.Ours, Unit.PerSecond, "as above"),
            Figure.Plain("receipts with a key file", rates.Baseline, Unit.PerSecond, "as above"),
        ];
    }

    private static async Task<double> RateAsync(string path, ISigningKey key, TimeSpan window)
    {
        using var ledger = Ledger.Open(path, TimeProvider.System);
        var tariff = await Receipts.AddTariffAsync(ledger);
        var sealer = new BatchSealer(ledger, TypedDomain.TestNetwork, 1, () => (1_790_000_000_000, ClockSource.NetworkTime));
        using var over = new CancellationTokenSource(window);
        using var full = new SemaphoreSlim(0);
        var (appended, begun) = (0L, Stopwatch.GetTimestamp());
        var sealing = SealAsync();
        await Task.WhenAll(Enumerable.Range(0, Appenders).Select(_ => AppendAsync()));
        var rate = appended / Stopwatch.GetElapsedTime(begun).TotalSeconds;
        full.Release();
        await sealing;
        return rate;

        async Task AppendAsync()
        {
            while (!over.IsCancellationRequested)
            {
                var hold = await ledger.HoldAsync(Receipts.NewHold(tariff), null);
                await ledger.AppendAsync(hold.Request, Receipts.NewClosing());
                if (Interlocked.Increment(ref appended) % ReceiptBatch.MaxReceipts == 0)
                {
                    full.Release();
                }
            }
        }

        async Task SealAsync()
        {
            while (!over.IsCancellationRequested)
            {
                await full.WaitAsync();
                await sealer.SealNextAsync(key, CancellationToken.None);
            }
        }
    }
}
