using OffLM.Edge.Signing;
using OffLM.Fleet.Store;
using OffLM.Fleet.Tests.Support;
using OffLM.Shared.Mqtt;

namespace OffLM.Fleet.Tests.Collecting;

/// <summary>Collectors that are killed at any moment, between storing and answering too: nothing is lost, nothing settles twice.</summary>
public sealed class KilledCollectorTests
{
    [Fact]
    public async Task Collectors_killed_at_random_moments_lose_nothing_and_settle_nothing_twice()
    {
        const int kills = 25;
        var random = new Random(7);
        using var folder = new TestFolder();
        await using var broker = await MosquittoBroker.StartAsync();
        await using var client = await NodeClient.ConnectAsync(broker.Uri);
        string[] collect = ["collect", "--db", folder["fleet.db"], "--key", folder["key.json"], "--broker", broker.Uri.ToString(), "--trust-on-first-use"];
        var collectors = new[] { FleetProgram.Launch(collect), FleetProgram.Launch(collect) };
        var messages = Enumerable.Range(0, 4).Select(i => new TestNode($"node {i}")).SelectMany(n => n.Chain(150, 20)).OrderBy(m => m.Batch.Batch).ToList();
        var sending = Task.Run(async () =>
        {
            foreach (var part in messages.Chunk(40))
            {
                await client.SettleAsync(part, TimeSpan.FromSeconds(1));
            }
        });
        var killed = 0;
        while (!sending.IsCompleted || killed < kills)
        {
            await Task.Delay(random.Next(20, 400));
            if (killed < kills)
            {
                var victim = random.Next(collectors.Length);
                collectors[victim].Kill9();
                await collectors[victim].DisposeAsync();
                collectors[victim] = FleetProgram.Launch(collect);
                killed++;
            }
        }

        await sending;
        foreach (var collector in collectors)
        {
            await collector.SaysAsync("collecting");
            Assert.Equal(0, await collector.StopAsync());
            await collector.DisposeAsync();
        }

        // What was answered is stored, once; and each batch has one answer, however often it was given.
        using var database = FleetDatabase.OpenReadOnly(folder["fleet.db"]);
        var verified = BookState.AssertHolds(database);
        Assert.Equal((600L, 12_000L, 0L), (verified.Batches, verified.Receipts, verified.Refused));
        var stored = new BatchTable(database.Connection);
        foreach (var batch in client.Verdicts.GroupBy(v => v.Verdict.BatchHash))
        {
            var row = stored.Find(new Bytes32(batch.Key.Span))!;
            Assert.All(batch, v => Assert.True(v.Verdict.Signature.Span.SequenceEqual(row.Signature.AsSpan())));
        }
    }
}
