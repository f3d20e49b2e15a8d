using OffLM.Edge.Metering;
using OffLM.Edge.Metering.Batches;
using OffLM.Edge.Signing;
using OffLM.Edge.Signing.TypedStructs;
using OffLM.Edge.Work.Callers;

namespace OffLM.Edge.Work.Tests.Running;

/// <summary>A node whose state directory was restored from an old copy.</summary>
public sealed class RollbackTests
{
    private const string Reason = "restored from an old copy";

    [Fact]
    public async Task A_restored_node_answers_says_why_it_signs_nothing_and_goes_on_once_its_owner_accepts()
    {
        await using var test = await TestNode.StartAsync();
        await test.AnswerAsync(Caller.Household, TestNode.Request());
        Assert.Equal(1, await test.Node.SealAsync(CancellationToken.None));
        Assert.Null(await test.Node.AcceptRollbackAsync());
        await RecordEvidenceAsync(test.Node);

        await test.AnswerAsync(Caller.Household, TestNode.Request());
        await Assert.ThrowsAsync<LedgerRolledBackException>(() => test.Node.SealAsync(CancellationToken.None));
        Assert.Contains(test.Node.Status().Problems, p => p.Contains(Reason, StringComparison.Ordinal));

        await test.RestartAsync();
        Assert.Contains(test.Node.Status().Problems, p => p.Contains(Reason, StringComparison.Ordinal));
        Assert.Equal(6ul, (await test.Node.AcceptRollbackAsync())!.NextSequence);
        Assert.DoesNotContain(test.Node.Status().Problems, p => p.Contains(Reason, StringComparison.Ordinal));
        var (_, completed) = await test.AnswerAsync(Caller.Household, TestNode.Request());
        Assert.Equal(6ul, completed.Receipt.Sequence);
        Assert.Equal(1, await test.Node.SealAsync(CancellationToken.None));
        using var reader = LedgerReader.Open(test.Options.LedgerPath);
        Assert.Equal(4ul, reader.BatchOf(6)!.Batch.Batch);
    }

    /// <summary>A collector says that the network has settled batch 3, which ends with receipt 5.</summary>
    private static async Task RecordEvidenceAsync(Node node)
    {
        using var collector = KeyFile.Create(Path.Combine(node.Options.StateDirectory, "collector.json"), "collector");
        var settled = new Acknowledgement { Node = node.Key.Address!.Value, Batch = 3, BatchHash = Bytes32.Random(), Verdict = Verdict.Settled };
        var signature = await collector.SignAsync(node.Options.Domain.Digest(TypedStruct.Hash(settled)), CancellationToken.None);
        Assert.Equal(
            EvidenceResult.Recorded, await node.Ledger.RecordRollbackEvidenceAsync(settled, signature, collector.Address, node.Options.Domain, 5, 1));
    }
}
