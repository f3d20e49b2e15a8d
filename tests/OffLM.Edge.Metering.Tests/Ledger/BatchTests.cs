using OffLM.Edge.Metering.Batches;
using OffLM.Edge.Metering.Receipts;
using OffLM.Edge.Signing;
using OffLM.Edge.Signing.TypedStructs;

namespace OffLM.Edge.Metering.Tests.Ledgers;

/// <summary>Batches: forming, chaining, how far they have come, and what is not kept for ever.</summary>
public sealed class BatchTests
{
    [Fact]
    public async Task Batches_are_a_chain_over_all_receipts_with_their_sums_and_roots()
    {
        using var test = await TestLedger.OpenAsync();
        var receipts = new List<Receipt> { await test.ServeAsync(), await test.ServeAsync(7) };
        var first = await test.SignAsync();
        receipts.Add(await test.ServeAsync());
        var second = await test.SignAsync();

        Assert.Equal((1ul, 1ul, 2u, Bytes32.Zero), (first.Batch.Batch, first.Batch.FirstSequence, first.Batch.Count, first.Batch.Previous));
        Assert.Equal((2ul, 3ul, 1u, first.Hash), (second.Batch.Batch, second.Batch.FirstSequence, second.Batch.Count, second.Batch.Previous));
        Assert.Equal(receipts[0].Fee + receipts[1].Fee, first.Batch.Fees);
        Assert.Equal(new MerkleTree([TypedStruct.Hash(receipts[0]), TypedStruct.Hash(receipts[1])]).Root, first.Batch.Root);
        Assert.Null(await test.Ledger.PrepareBatchAsync(test.Seal()));
        using var reader = test.Ledger.Read();
        Assert.Equal(new LedgerSummary(3, 2, 0, 0, 0, null), reader.Summary());
        Assert.Equal(second, reader.BatchOf(3));
        Assert.True(test.Check().IsSound);
    }

    [Fact]
    public async Task A_batch_holds_256_receipts_at_most()
    {
        using var test = await TestLedger.OpenAsync();
        await Task.WhenAll(Enumerable.Range(0, 300).Select(_ => test.ServeAsync()));
        Assert.Equal(256u, (await test.SignAsync()).Batch.Count);
        Assert.Equal(44u, (await test.SignAsync()).Batch.Count);
        Assert.True(test.Check().IsSound);
    }

    [Fact]
    public async Task An_intent_survives_a_crash_and_is_replaced_by_the_next()
    {
        using var test = await TestLedger.OpenAsync();
        await test.ServeAsync();
        var intent = await test.Ledger.PrepareBatchAsync(test.Seal());
        test.Reopen();
        Assert.Equal(intent, await test.Ledger.PendingIntentAsync());
        await test.ServeAsync();
        var next = await test.Ledger.PrepareBatchAsync(test.Seal(closedAt: 2000));
        Assert.Equal(next, await test.Ledger.PendingIntentAsync());
        await test.Ledger.StoreBatchAsync(next!, await test.SignatureOf(next!), TypedDomain.TestNetwork);
        Assert.Null(await test.Ledger.PendingIntentAsync());
    }

    [Fact]
    public async Task Storing_a_batch_twice_changes_nothing()
    {
        using var test = await TestLedger.OpenAsync();
        await test.ServeAsync();
        var stored = await test.SignAsync();
        Assert.Equal(stored, await test.Ledger.StoreBatchAsync(stored.Batch, stored.Signature, stored.Domain));
    }

    [Fact]
    public async Task A_batch_that_does_not_follow_or_is_not_signed_by_its_node_is_not_stored()
    {
        using var test = await TestLedger.OpenAsync();
        await test.ServeAsync();
        var batch = (await test.Ledger.PrepareBatchAsync(test.Seal()))!;
        var skipping = batch with { Batch = 2 };
        await Assert.ThrowsAsync<InvalidOperationException>(async () => await test.Ledger.StoreBatchAsync(skipping, await test.SignatureOf(skipping), TypedDomain.TestNetwork));
        await Assert.ThrowsAsync<ArgumentException>(async () => await test.Ledger.StoreBatchAsync(batch, await test.SignatureOf(skipping), TypedDomain.TestNetwork));
        await Assert.ThrowsAsync<ArgumentException>(async () =>
            await test.Ledger.StoreBatchAsync(batch, await test.SignatureOf(batch), TypedDomain.Receipts(1, TypedDomain.TestContract)));
        Assert.Equal(batch, await test.Ledger.PendingIntentAsync());
    }

    [Fact]
    public async Task A_batch_whose_receipt_became_void_before_the_signature_came_is_prepared_again()
    {
        using var test = await TestLedger.OpenAsync();
        await test.ServeAsync();
        var batch = (await test.Ledger.PrepareBatchAsync(test.Seal()))!;
        test.Vandalise("UPDATE receipts SET body = zeroblob(9)");
        Assert.Equal(Outcome.Void, (await test.Ledger.VoidDamagedAsync(1))!.Outcome);
        var error = await Assert.ThrowsAsync<InvalidOperationException>(async () => await test.Ledger.StoreBatchAsync(batch, await test.SignatureOf(batch), TypedDomain.TestNetwork));
        Assert.Contains("Prepare it again", error.Message);
        Assert.Equal(UInt128.Zero, (await test.SignAsync()).Batch.Fees);
        Assert.True(test.Check().IsSound);
    }

    [Fact]
    public async Task Own_use_collapses_after_signing_though_a_paid_batch_before_it_is_never_settled()
    {
        using var test = await TestLedger.OpenAsync();
        await test.ServeAsync();
        var signed = await test.SignAsync(closedAt: 1000);
        var own = await test.ServeOwnUseAsync();
        var sent = await test.SignAsync(closedAt: 1001);
        var young = await test.ServeOwnUseAsync();
        await test.SignAsync(closedAt: 3000);
        await test.Ledger.MarkSentAsync([sent.Batch.Batch], 9000);

        Assert.Equal(1, await test.Ledger.CollapseAsync(before: 2000));
        using var reader = test.Ledger.Read();
        Assert.NotNull(reader.Find(1ul)!.Receipt);
        Assert.Null(reader.Find(own.Request)!.Receipt);
        Assert.Null(reader.Salts(own.Request));
        Assert.NotNull(reader.Find(young.Request)!.Receipt);
        Assert.Equal(TypedStruct.Hash(own), reader.Find(own.Request)!.Leaf);

        await test.Ledger.ResolveAsync(1, signed.Hash, BatchState.Settled, "", 4000);
        Assert.Equal(0, await test.Ledger.CollapseAsync(before: 2000));
        Assert.Equal(2, await test.Ledger.CollapseAsync(before: 5000));
        Assert.Equal(0, await test.Ledger.CollapseAsync(before: 5000));
        var report = test.Check();
        Assert.True(report.IsSound, string.Join('\n', report.Findings));
    }

    [Fact]
    public async Task Forgotten_salts_are_nowhere_in_the_files_any_more()
    {
        using var test = await TestLedger.OpenAsync();
        var hold = test.NewHold();
        var receipt = await test.ServeAsync(hold: hold);
        Assert.True(Contains(test, hold.PromptSalt));
        Assert.True(await test.Ledger.ForgetAsync(receipt.Request));
        Assert.False(await test.Ledger.ForgetAsync(receipt.Request));
        Assert.False(Contains(test, hold.PromptSalt));
        Assert.True(test.Check().IsSound);
    }

    private static bool Contains(TestLedger test, Bytes32 needle) =>
        new[] { test.Path, test.Path + "-wal" }.Where(File.Exists).Any(file =>
        {
            using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            var bytes = new byte[stream.Length];
            stream.ReadExactly(bytes);
            return bytes.AsSpan().IndexOf(needle.AsSpan()) >= 0;
        });
}
