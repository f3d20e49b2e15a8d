using OffLM.Edge.Metering;
using OffLM.Edge.Metering.Batches;
using OffLM.Edge.Signing;
using OffLM.Edge.Signing.TypedStructs;
using OffLM.Edge.Tests.Harness;

namespace OffLM.Edge.Tests.BadLuck;

/// <summary>A state directory that was restored from a backup, while the network has settled what came after it.</summary>
public sealed class RollbackTests : IDisposable
{
    private readonly Scratch _scratch = new();

    private string State => _scratch["state"];

    private string LedgerPath => Path.Combine(State, "ledger.db");

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public async Task A_restored_node_goes_on_behind_what_the_network_has_once_its_owner_accepts()
    {
        await ServeAsync(1);
        File.Copy(LedgerPath, _scratch["backup.db"]);
        await ServeAsync(2);
        var (settled, last) = Newest();
        File.Copy(_scratch["backup.db"], LedgerPath, overwrite: true);
        await ServeAsync(1);

        var none = await Command.EdgeAsync(State, "ledger", "accept-rollback", "--yes");
        Assert.Equal(1, none.ExitCode);
        Assert.Contains("no evidence", none.Error);
        await RecordEvidenceAsync(settled, last);
        var unasked = await Command.EdgeAsync(State, "ledger", "accept-rollback");
        Assert.Equal(1, unasked.ExitCode);
        Assert.Contains("--yes", unasked.Error);

        await using (var node = await PublishedNode.StartAsync(new NodeSetup { State = State }))
        {
            await node.Http.AskAsync();
            Assert.Contains("restored from an old copy", (await node.StatusAsync()).GetProperty("problems").ToString());
            var accepted = (await Command.EdgeAsync(State, "ledger", "accept-rollback", "--yes", "--json")).Succeeded().Json;
            Assert.Equal($"{settled.Batch.Batch + 1}", accepted.GetProperty("nextBatch").GetString());
            await node.Http.AskAsync();
            Assert.Equal(0, await node.StopAsync());
        }

        var (next, _) = Newest();
        Assert.Equal((settled.Batch.Batch + 1, settled.Hash, last + 1), (next.Batch.Batch, next.Batch.Previous, next.Batch.FirstSequence));
        (await Command.EdgeAsync(State, "ledger", "check")).Succeeded();
        Assert.Contains("refused", (await Command.EdgeAsync(State, "receipts", "list")).Succeeded().Output);
        var export = (await Command.EdgeAsync(State, "receipts", "export", "--out", _scratch["receipts.json"])).Succeeded();
        Assert.Contains($"begin with batch {next.Batch.Batch}", export.Error);
        (await Command.EdgeAsync(State, "receipts", "verify", _scratch["receipts.json"])).Succeeded();
    }

    /// <summary>A run of the node with so many requests; what it served is signed when it ends.</summary>
    private async Task ServeAsync(int requests)
    {
        await using var node = await PublishedNode.StartAsync(new NodeSetup { State = State });
        for (var i = 0; i < requests; i++)
        {
            await node.Http.AskAsync();
        }

        Assert.Equal(0, await node.StopAsync());
    }

    private (StoredBatch Batch, ulong LastSequence) Newest()
    {
        using var reader = LedgerReader.Open(LedgerPath);
        var batch = Assert.Single(reader.LatestBatches(null, 1));
        return (batch, batch.Batch.FirstSequence + batch.Batch.Count - 1);
    }

    private async Task RecordEvidenceAsync(StoredBatch batch, ulong last)
    {
        using var collector = KeyFile.Create(_scratch["collector.json"], "collector");
        using var ledger = Ledger.Open(LedgerPath, TimeProvider.System);
        var settled = new Acknowledgement { Node = batch.Batch.Node, Batch = batch.Batch.Batch, BatchHash = batch.Hash, Verdict = Verdict.Settled };
        var signature = await collector.SignAsync(batch.Domain.Digest(TypedStruct.Hash(settled)), CancellationToken.None);
        Assert.Equal(EvidenceResult.Recorded, await ledger.RecordRollbackEvidenceAsync(settled, signature, collector.Address, batch.Domain, last, 1));
    }
}
