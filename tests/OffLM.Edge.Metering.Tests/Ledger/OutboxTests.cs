using System.Diagnostics;
using FsCheck.Fluent;
using OffLM.Edge.Signing;

namespace OffLM.Edge.Metering.Tests.Ledgers;

/// <summary>What waits for the network, and verdicts on it.</summary>
public sealed class OutboxTests
{
    [Fact]
    public async Task Signed_and_sent_batches_wait_in_order_until_a_verdict_comes()
    {
        using var test = await TestLedger.OpenAsync();
        var batches = await SignBatchesAsync(test, 4);
        using var reader = test.Ledger.Read();
        Assert.Equal(new OutboxSummary(4, 4, new(1, 1001), 0, null), reader.Outbox());

        Assert.Equal(2, await test.Ledger.MarkSentAsync([1, 3, 99], 5000));
        Assert.Equal(Resolution.Applied, await Settle(test, batches[0]));
        Assert.Equal(Resolution.Applied, await Refuse(test, batches[2], "fee of receipt 3"));
        Assert.Equal([2ul, 4], reader.Unsettled(0, 10).Select(b => b.Batch.Batch));
        Assert.Equal([4ul], reader.Unsettled(2, 10).Select(b => b.Batch.Batch));
        Assert.Equal([2ul], reader.Unsettled(0, 1).Select(b => b.Batch.Batch));
        Assert.Equal(("fee of receipt 3", 7000ul), (Assert.Single(reader.LatestRefused(10)).Reason, reader.LatestRefused(1)[0].ChangedAt));
        Assert.Equal(new OutboxSummary(2, 2, new(2, 1002), 1, new(3, BatchState.Refused, "fee of receipt 3", 7000)), reader.Outbox());
        Assert.True(test.Check().IsSound);
    }

    [Fact]
    public async Task Only_a_batch_that_was_just_signed_becomes_sent()
    {
        using var test = await TestLedger.OpenAsync();
        var batches = await SignBatchesAsync(test, 3);
        await Settle(test, batches[0]);
        await Refuse(test, batches[1], "gap");
        Assert.Equal(1, await test.Ledger.MarkSentAsync([1, 2, 3], 5000));
        Assert.Equal(0, await test.Ledger.MarkSentAsync([1, 2, 3], 6000));
        using var reader = test.Ledger.Read();
        Assert.Equal([BatchState.Settled, BatchState.Refused, BatchState.Sent], reader.Batches(1).Select(b => b.State));
        Assert.Equal(5000ul, reader.Batches(3)[0].ChangedAt);
    }

    [Fact]
    public async Task A_verdict_says_what_became_of_it()
    {
        using var test = await TestLedger.OpenAsync();
        var batch = (await SignBatchesAsync(test, 1))[0];
        Assert.Equal(Resolution.UnknownBatch, await test.Ledger.ResolveAsync(2, batch.Hash, BatchState.Settled, "", 7000));
        Assert.Equal(Resolution.OtherHash, await test.Ledger.ResolveAsync(1, Bytes32.Random(), BatchState.Settled, "", 7000));
        Assert.Equal(Resolution.Applied, await Refuse(test, batch, "gap"));
        Assert.Equal(Resolution.Unchanged, await Refuse(test, batch, "still a gap"));
        Assert.Equal(Resolution.Applied, await Settle(test, batch));
        Assert.Equal(Resolution.Unchanged, await Settle(test, batch));
        Assert.Equal(Resolution.Contradiction, await Refuse(test, batch, "late"));
        await Assert.ThrowsAsync<ArgumentException>(() => test.Ledger.ResolveAsync(1, batch.Hash, BatchState.Sent, "", 7000));
        using var reader = test.Ledger.Read();
        Assert.Equal(new LastVerdict(1, BatchState.Settled, "", 7000), reader.Outbox().LastVerdict);
    }

    [Fact]
    public async Task Refused_batches_that_an_operator_opens_again_wait_once_more()
    {
        using var test = await TestLedger.OpenAsync();
        var batches = await SignBatchesAsync(test, 3);
        await Settle(test, batches[0]);
        await Refuse(test, batches[1], "tariff unknown");
        await Refuse(test, batches[2], "predecessor refused");
        Assert.Equal(0, await test.Ledger.ReopenRefusedAsync(1, 8000));
        Assert.Equal(1, await test.Ledger.ReopenRefusedAsync(3, 8000));
        Assert.Equal(1, await test.Ledger.ReopenRefusedAsync(null, 8000));
        using var reader = test.Ledger.Read();
        Assert.Equal([(2ul, BatchState.Signed, ""), (3ul, BatchState.Signed, "")], reader.Unsettled(0, 9).Select(b => (b.Batch.Batch, b.State, b.Reason)));
        Assert.Equal(new OutboxSummary(2, 2, new(2, 1002), 0, null), reader.Outbox());
        Assert.True(test.Check().IsSound);
    }

    [Fact]
    public async Task A_reason_is_kept_short_and_can_not_steer_a_terminal()
    {
        using var test = await TestLedger.OpenAsync();
        var batches = await SignBatchesAsync(test, 2);
        await Refuse(test, batches[0], "bad\u001b[2J\r\nfee \u202eof\0 a\ud800 receipt");
        await Refuse(test, batches[1], new string('x', 499) + "\U0001F600 and more");
        using var reader = test.Ledger.Read();
        Assert.Equal([new string('x', 499), "bad [2J  fee  of  a\ufffd receipt"], reader.LatestRefused(2).Select(b => b.Reason));
        Assert.True(test.Check().IsSound);
    }

    [Fact]
    public async Task A_damaged_batch_does_not_hold_up_the_others_and_waits_again_once_it_is_mended()
    {
        using var test = await TestLedger.OpenAsync();
        await SignBatchesAsync(test, 3);
        test.Vandalise("UPDATE batches SET reason = 'nonsense' WHERE batch = 1");
        using var reader = test.Ledger.Read();
        Assert.Equal(2ul, Assert.Single(reader.Unsettled(0, 1)).Batch.Batch);
        Assert.Equal(1, await test.Ledger.MarkSentAsync([1, 2], 5000));
        await Assert.ThrowsAsync<FormatException>(() => test.Ledger.ResolveAsync(1, Bytes32.Random(), BatchState.Settled, "", 5000));
        await test.Ledger.RepairAsync(test.Check().Findings);
        Assert.Equal([1ul, 2, 3], reader.Unsettled(0, 9).Select(b => b.Batch.Batch));
    }

    [Fact]
    public async Task Verdicts_that_come_late_twice_or_against_each_other_settle_a_batch_once_and_never_lose_it()
    {
        using var test = await TestLedger.OpenAsync();
        using var reader = test.Ledger.Read();
        var events = Gen.Elements("sent", "settled", "refused", "other", "reopened").ListOf();
        Amounts.Check(events, orders => HoldsAsync(test, reader, [.. orders]).GetAwaiter().GetResult(), cases: 150);
        Assert.True(test.Check().IsSound);
    }

    [Fact]
    public async Task Ten_thousand_settled_batches_make_the_outbox_no_slower()
    {
        using var test = await TestLedger.OpenAsync();
        await SignBatchesAsync(test, 3);
        test.Ledger.Dispose();
        using var few = LedgerReader.Open(test.Path);
        var before = Fastest(few);
        test.Vandalise(
            """
            WITH RECURSIVE n(i) AS (SELECT 4 UNION ALL SELECT i + 1 FROM n WHERE i < 20003)
            INSERT INTO batches SELECT n.i, n.i, 1, zeroblob(400), hash, signature, chain, contract, n.i % 2 + 2, '', 1, 0 FROM n, batches WHERE batch = 1;
            UPDATE batches SET state = 2 WHERE batch > 3 AND batch % 1000 > 0
            """);
        using var many = LedgerReader.Open(test.Path);
        Assert.Equal(3ul, many.Outbox().Unsettled);
        Assert.InRange(Fastest(many), TimeSpan.Zero, before * 10);
    }

    private static TimeSpan Fastest(LedgerReader reader) => Enumerable.Range(0, 20).Min(_ =>
    {
        var start = Stopwatch.GetTimestamp();
        for (var i = 0; i < 10; i++)
        {
            reader.Outbox();
            reader.Unsettled(0, 10);
        }

        return Stopwatch.GetElapsedTime(start);
    });

    /// <summary>Gives one new batch the events, and compares with what they should come to.</summary>
    private static async Task<bool> HoldsAsync(TestLedger test, LedgerReader reader, string[] events)
    {
        var batch = (await SignBatchesAsync(test, 1))[0];
        var (expected, settled) = (BatchState.Signed, 0);
        foreach (var e in events)
        {
            switch (e)
            {
                case "sent":
                    await test.Ledger.MarkSentAsync([batch.Batch.Batch], 5000);
                    expected = expected == BatchState.Signed ? BatchState.Sent : expected;
                    break;
                case "settled":
                    settled += await Settle(test, batch) == Resolution.Applied ? 1 : 0;
                    expected = BatchState.Settled;
                    break;
                case "refused":
                    await Refuse(test, batch, "no");
                    expected = expected == BatchState.Settled ? expected : BatchState.Refused;
                    break;
                case "reopened":
                    await test.Ledger.ReopenRefusedAsync(null, 9000);
                    expected = expected == BatchState.Refused ? BatchState.Signed : expected;
                    break;
                default:
                    await test.Ledger.ResolveAsync(batch.Batch.Batch, Bytes32.Random(), BatchState.Settled, "", 9000);
                    break;
            }
        }

        var (stored, number) = (reader.Batches(batch.Batch.Batch, 1)[0], batch.Batch.Batch);
        return stored.State == expected
            && settled == (events.Contains("settled") ? 1 : 0)
            && stored.Hash == batch.Hash
            && stored.Signature == batch.Signature
            && reader.Unsettled(number - 1, 1).Any(b => b.Batch.Batch == number) == (expected is BatchState.Signed or BatchState.Sent)
            && reader.LatestRefused(1).Any(b => b.Batch.Batch == number) == (expected == BatchState.Refused);
    }

    private static Task<Resolution> Settle(TestLedger test, StoredBatch batch) =>
        test.Ledger.ResolveAsync(batch.Batch.Batch, batch.Hash, BatchState.Settled, "", 7000);

    private static Task<Resolution> Refuse(TestLedger test, StoredBatch batch, string reason) =>
        test.Ledger.ResolveAsync(batch.Batch.Batch, batch.Hash, BatchState.Refused, reason, 7000);

    /// <summary>So many batches of one receipt each, closed at 1001, 1002 and so on.</summary>
    private static async Task<IReadOnlyList<StoredBatch>> SignBatchesAsync(TestLedger test, int count)
    {
        var batches = new List<StoredBatch>();
        for (var i = 1ul; i <= (ulong)count; i++)
        {
            await test.ServeAsync();
            batches.Add(await test.SignAsync(closedAt: 1000 + i));
        }

        return batches;
    }
}
