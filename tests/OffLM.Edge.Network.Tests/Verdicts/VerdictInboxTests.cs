using Microsoft.Extensions.Logging.Abstractions;
using OffLM.Edge.Metering;
using OffLM.Edge.Metering.Batches;
using OffLM.Edge.Network.Tests.Support;
using OffLM.Edge.Network.Verdicts;
using OffLM.Edge.Signing;

namespace OffLM.Edge.Network.Tests.Verdicts;

public sealed class VerdictInboxTests : IDisposable
{
    private static readonly TypedDomain OtherNetwork = TypedDomain.Receipts(1, TypedDomain.TestContract);

    private readonly TemporaryLedger _ledger = new();
    private readonly Rejections _rejections = new(TimeProvider.System, NullLogger<Rejections>.Instance);
    private readonly VerdictInbox _inbox;
    private readonly List<ulong> _resolved = [];

    public VerdictInboxTests()
    {
        _inbox = new VerdictInbox(_ledger.Ledger, TypedDomain.TestNetwork, [TestKeys.Collector.Address], () => 5, _rejections, NullLogger<VerdictInbox>.Instance);
        _inbox.Resolved += _resolved.Add;
    }

    [Fact]
    public async Task A_trusted_verdict_settles_and_a_second_one_changes_nothing()
    {
        var batch = await SignAsync();
        await TakeAsync(await VerdictWriter.WriteAsync(batch));
        await TakeAsync(await VerdictWriter.WriteAsync(batch));

        Assert.Equal(BatchState.Settled, _ledger.StateOf(1));
        Assert.Equal((1, 1), (_inbox.Settled, _inbox.Repeated));
        Assert.Equal([1ul, 1], _resolved);
        Assert.Empty(_rejections.Counts());
    }

    [Fact]
    public async Task M22_A_refusal_keeps_its_reason_and_gives_way_to_a_settlement()
    {
        var batch = await SignAsync();
        await TakeAsync(await VerdictWriter.WriteAsync(batch, Verdict.Refused, "no\u001b[2Jtariff"));
        Assert.Equal("no [2Jtariff", SampleLedger.Batch(_ledger.Path, 1).Reason);

        await TakeAsync(await VerdictWriter.WriteAsync(batch));
        Assert.Equal(BatchState.Settled, _ledger.StateOf(1));
    }

    [Fact]
    public async Task M22_A_refusal_of_what_was_settled_is_a_contradiction_and_changes_nothing()
    {
        var batch = await SignAsync();
        await TakeAsync(await VerdictWriter.WriteAsync(batch));
        await TakeAsync(await VerdictWriter.WriteAsync(batch, Verdict.Refused, "changed my mind"));

        Assert.Equal(BatchState.Settled, _ledger.StateOf(1));
        AssertRejected("contradiction", "refuses batch 1, which was settled");
    }

    [Fact]
    public async Task M20_A_stranger_settles_nothing()
    {
        await TakeAsync(await VerdictWriter.WriteAsync(await SignAsync(), by: TestKeys.Stranger));
        AssertRejected("untrustedSigner", $"{TestKeys.Stranger.Address}, who signed it, is not in network.collectors");
    }

    [Fact]
    public async Task The_node_can_not_settle_its_own_batches()
    {
        await TakeAsync(await VerdictWriter.WriteAsync(await SignAsync(), by: TestKeys.Node));
        AssertRejected("untrustedSigner", "not in network.collectors");
    }

    [Fact]
    public async Task A_verdict_for_another_network_settles_nothing()
    {
        await TakeAsync(await VerdictWriter.WriteAsync(await SignAsync(), domain: OtherNetwork));
        AssertRejected("untrustedSigner", "not in network.collectors");
    }

    [Fact]
    public async Task M19_A_batch_of_another_network_is_settled_for_that_network_only()
    {
        await SampleLedger.AppendAsync(_ledger.Ledger, 1);
        var batch = (await SampleLedger.SignAsync(_ledger.Ledger, domain: OtherNetwork)).Batch;
        await TakeAsync(await VerdictWriter.WriteAsync(batch));
        AssertRejected("otherNetwork", "it is for chain 11155111, the batch for 1");

        await TakeAsync(await VerdictWriter.WriteAsync(batch, domain: OtherNetwork));
        Assert.Equal(BatchState.Settled, _ledger.StateOf(1));
    }

    [Fact]
    public async Task A_verdict_on_another_node_s_batch_settles_nothing()
    {
        await TakeAsync(await VerdictWriter.WriteAsync(await SignAsync(), node: TestKeys.Stranger.Address));
        AssertRejected("otherNode", $"it is for the node {TestKeys.Stranger.Address}");
    }

    [Fact]
    public async Task A_verdict_on_another_batch_of_the_same_number_settles_nothing()
    {
        await TakeAsync(await VerdictWriter.WriteAsync(await SignAsync(), Verdict.Refused, "no", hash: Bytes32.Random()));
        AssertRejected("otherHash", "the ledger's batch 1 is not the one that it speaks of");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public async Task A_settlement_of_a_batch_that_this_ledger_lacks_is_kept_as_evidence_that_it_is_an_old_copy(ulong number)
    {
        var batch = await SignAsync();
        await TakeAsync(await VerdictWriter.WriteAsync(batch with { Batch = number, Root = Bytes32.Random(), FirstSequence = number * 2 }));
        AssertRejected("rolledBack", $"settles batch {number}, which this ledger lacks");

        using var reader = _ledger.Ledger.Read();
        Assert.Equal(number, reader.RollbackEvidence()?.Batch);
        await SampleLedger.AppendAsync(_ledger.Ledger, 1);
        await Assert.ThrowsAsync<LedgerRolledBackException>(() => SampleLedger.SignAsync(_ledger.Ledger));
    }

    [Fact]
    public async Task A_stranger_s_word_is_no_evidence()
    {
        await TakeAsync(await VerdictWriter.WriteAsync((await SignAsync()) with { Batch = 4, FirstSequence = 9 }, by: TestKeys.Stranger));
        using var reader = _ledger.Ledger.Read();
        Assert.Null(reader.RollbackEvidence());
    }

    [Fact]
    public async Task A_verdict_on_a_batch_that_never_was_settles_nothing()
    {
        var batch = await SignAsync();
        await TakeAsync(await VerdictWriter.WriteAsync(batch with { Batch = 9 }));
        AssertRejected("unknownBatch", "the ledger has no batch 9");
    }

    [Fact]
    public async Task Noise_settles_nothing()
    {
        await SignAsync();
        await TakeAsync([1, 2, 3]);
        AssertRejected("malformed", "it is no acknowledgement message");
    }

    [Fact]
    public async Task No_single_changed_bit_settles()
    {
        var whole = await VerdictWriter.WriteAsync(await SignAsync());
        var lastSequence = 2;
        for (var i = 0; i < whole.Length - lastSequence; i++)
        {
            var changed = (byte[])whole.Clone();
            changed[i] ^= (byte)(1 << (i % 8));
            await TakeAsync(changed);
            Assert.True(_ledger.StateOf(1) == BatchState.Signed, $"bit {i % 8} of byte {i}");
        }
    }

    [Fact]
    public async Task With_no_collectors_nothing_settles()
    {
        var inbox = new VerdictInbox(_ledger.Ledger, TypedDomain.TestNetwork, [], () => 5, _rejections, NullLogger<VerdictInbox>.Instance);
        await inbox.TakeAsync(await VerdictWriter.WriteAsync(await SignAsync()), TestKeys.Node.Address);
        AssertRejected("untrustedSigner", "not in network.collectors");
    }

    public void Dispose() => _ledger.Dispose();

    private async Task<ReceiptBatch> SignAsync()
    {
        await SampleLedger.AppendAsync(_ledger.Ledger, 2);
        return (await SampleLedger.SignAsync(_ledger.Ledger)).Batch;
    }

    private Task TakeAsync(byte[] payload) => _inbox.TakeAsync(payload, TestKeys.Node.Address);

    private void AssertRejected(string kind, string sentence)
    {
        Assert.Equal(1, Assert.Contains(kind, _rejections.Counts()));
        Assert.Contains(sentence, _rejections.Last);
        if (kind != "contradiction")
        {
            Assert.Equal(BatchState.Signed, _ledger.StateOf(1));
        }
    }
}
