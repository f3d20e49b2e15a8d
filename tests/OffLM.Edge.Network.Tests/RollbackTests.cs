using OffLM.Edge.Metering;
using OffLM.Edge.Metering.Batches;
using OffLM.Edge.Network.Tests.Support;
using OffLM.Edge.Network.Tests.Wire;

namespace OffLM.Edge.Network.Tests;

/// <summary>A box whose state directory was restored from an old copy, against a collector that knows better.</summary>
public sealed class RollbackTests
{
    private readonly Dictionary<ulong, BatchDecoder> _known = [];

    [Fact]
    public async Task A_box_restored_from_an_old_copy_says_so_signs_nothing_and_goes_on_behind_the_network_when_its_owner_agrees()
    {
        await using var broker = await MosquittoBroker.StartAsync();
        await using var collector = await TestCollector.StartAsync(broker.Uri);
        collector.Answer = AnswerAsync;
        await using var node = await SyncedNode.StartAsync(SyncedNode.With(broker.Uri));
        await node.FillAsync(batches: 1);
        await node.SettledAsync();
        await node.StopAsync();
        File.Copy(node.LedgerPath, node.LedgerPath + ".old");
        await node.StartAgainAsync();
        await node.FillAsync(batches: 2);
        await node.SettledAsync();

        await node.StopAsync();
        File.Move(node.LedgerPath + ".old", node.LedgerPath, overwrite: true);
        await node.StartAgainAsync();
        await node.FillAsync(batches: 1);
        await Eventually.HoldsAsync(() => node.Node.Status().Problems.Any(p => p.StartsWith("The network has settled batch 3 of this node", StringComparison.Ordinal)));
        await Assert.ThrowsAsync<LedgerRolledBackException>(() => node.FillAsync(batches: 1));

        var accepted = await node.Node.AcceptRollbackAsync();
        Assert.Equal(4ul, accepted?.NextBatch);
        await node.FillAsync(batches: 1);
        await node.SettledAsync();

        var next = _known[4];
        Assert.Equal((_known[3].Hash, _known[3].Batch.FirstSequence + _known[3].Batch.Count), (next.Batch.Previous, next.Batch.FirstSequence));
        Assert.DoesNotContain(node.Node.Status().Problems, p => p.StartsWith("The network has settled", StringComparison.Ordinal));
    }

    /// <summary>Of two batches with one number the first stands; to the other its newest verdict is told as well.</summary>
    private async Task<IReadOnlyList<byte[]>> AnswerAsync(BatchDecoder batch)
    {
        if (_known.TryAdd(batch.Batch.Batch, batch) || _known[batch.Batch.Batch].Hash == batch.Hash)
        {
            return [await VerdictWriter.WriteAsync(batch.Batch)];
        }

        return [await VerdictWriter.WriteAsync(batch.Batch, Verdict.Refused, "a fork"), await VerdictWriter.WriteAsync(_known[_known.Keys.Max()].Batch)];
    }
}
