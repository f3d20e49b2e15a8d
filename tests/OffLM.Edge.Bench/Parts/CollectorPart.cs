using System.Diagnostics;
using OffLM.Edge.Bench.Figures;
using OffLM.Edge.Signing;
using OffLM.Fleet.Store;
using OffLM.Fleet.Tests.Support;
using OffLM.Fleet.Verification;
using Figure = OffLM.Edge.Bench.Figures.Figure;

namespace OffLM.Edge.Bench.Parts;

/// <summary>How fast a collector verifies and stores on one core, measured in bare Keccak over what has to be hashed.</summary>
internal static class CollectorPart
{
    private const int PerBatch = 256;
    private const int Nodes = 4;

    /// <summary>What a collector commits together when messages wait.</summary>
    private const int Group = 32;

    public static async Task<IReadOnlyList<Figure>> MeasureAsync(Workspace workspace, Effort effort)
    {
        var receipts = effort.Size(65_536, 8_192);
        var nodes = Enumerable.Range(0, Nodes).Select(i => new TestNode($"node {i}")).ToList();
        var messages = Enumerable.Range(0, receipts / PerBatch).Select(i => nodes[i % Nodes].Next(PerBatch)).Select(m => (m.Topic, m.Bytes)).ToList();
        using var key = new KeyFileKey("collector", Keccak256.Hash("a collector for benchmarks"u8).ToArray());
        var check = new ContentCheck(TypedDomain.TestNetwork);

        var verified = await Alternation.RunAsync(
            effort.Rounds,
            _ => Task.FromResult(receipts / VerifyPart.BareSeconds(receipts)),
            _ => Task.FromResult(receipts / Seconds(() =>
            {
                foreach (var (topic, message) in messages)
                {
                    Require(Arrival.Read(topic, message, check).Checked is { Figures: not null });
                }
            })));
        var stored = await Alternation.RunAsync(
            effort.Rounds,
            _ => Task.FromResult(receipts / VerifyPart.BareSeconds(receipts)),
            _ =>
            {
                using var folder = workspace.NewFolder();
                using var database = FleetDatabase.Open(folder.File("fleet.db"));
                var book = new BatchBook(database, new BookRules(TypedDomain.TestNetwork, TrustOnFirstUse: true), new Notary(key), TimeProvider.System);
                return Task.FromResult(receipts / Seconds(() =>
                {
                    foreach (var group in messages.Chunk(Group))
                    {
                        var arrivals = group.Select(m => Arrival.Read(m.Topic, m.Bytes, check)).ToList();
                        Require(database.Write(() => arrivals.Sum(a => book.Take(a).Count)) == group.Length);
                    }
                }));
            });
        var how = $"{receipts} receipts in {messages.Count} messages of {Nodes} nodes, one thread; baseline: the product's Keccak-256 over a receipt's struct and its share of the tree, on one thread";
        return
        [
            Figure.AtLeast(10_000, "receipts verified and stored, a core", stored.Ours, Unit.PerSecond, $"decoded, verified, judged, stored durably with evidence and totals, answer signed; {Group} batches a transaction; {how}"),
            Figure.AtLeast(0.2, "verified and stored / bare Keccak", stored.Ratios, Unit.Percent, "as above"),
            Figure.AtLeast(0.3, "verified / bare Keccak", verified.Ratios, Unit.Percent, "decoded and verified only"),
            Figure.Plain("receipts verified, a core", verified.Ours, Unit.PerSecond, "decoded and verified only"),
            Figure.Plain("bare Keccak", stored.Baseline, Unit.PerSecond, "receipts' worth of bytes"),
            Figure.Plain("message bytes a receipt", [messages.Average(m => (double)m.Bytes.Length) / PerBatch], Unit.Bytes, "a third of them the household's own, as leaves"),
        ];
    }

    private static double Seconds(Action action)
    {
        var begun = Stopwatch.GetTimestamp();
        action();
        return Stopwatch.GetElapsedTime(begun).TotalSeconds;
    }

    private static void Require(bool condition)
    {
        if (!condition)
        {
            throw new InvalidOperationException("A message of the benchmark was not settled.");
        }
    }
}
