using OffLM.Edge.Metering.Batches;
using OffLM.Edge.Metering.Documents;
using OffLM.Edge.Metering.Receipts;
using OffLM.Edge.Signing;
using OffLM.Edge.Signing.TypedStructs;

namespace OffLM.Edge.Metering.Tests.Ledgers;

/// <summary>A state directory restored from an old copy, while the network has settled what came after it.</summary>
public sealed class RollbackTests
{
    private static readonly KeyFileKey Collector = new("collector", [.. Enumerable.Repeat((byte)9, 32)]);

    [Fact]
    public async Task A_restored_ledger_stops_signing_and_goes_on_behind_the_network_once_its_owner_accepts()
    {
        using var lost = await TestLedger.OpenAsync();
        await ServeAndSettleAsync(lost, 2, 2);
        using var test = await lost.RestoredCopyAsync();
        var network = (await ServeAndSettleAsync(lost, 3, 2))[^1];
        var forked = new[] { await test.ServeAsync(), await test.ServeAsync() };
        var fork = await test.SignAsync();
        await test.Ledger.ResolveAsync(3, fork.Hash, BatchState.Refused, "another batch 3 is settled", 5000);

        Assert.Equal(EvidenceResult.Recorded, await RecordAsync(test, network));
        test.Reopen();
        using var reader = test.Ledger.Read();
        var evidence = reader.RollbackEvidence()!;
        Assert.Equal((4ul, network.Hash, 9ul, Collector.Address), (evidence.Batch, evidence.Acknowledgement.BatchHash, evidence.LastSequence, (Address)evidence.Collector!));
        var open = await test.ServeAsync();
        var stop = await Assert.ThrowsAsync<LedgerRolledBackException>(() => test.Ledger.PrepareBatchAsync(test.Seal()));
        Assert.Contains("settled batch 4", stop.Message);
        Assert.Contains("ledger accept-rollback", stop.Message);

        Assert.Equal(new AcceptedRollback(5, 10, 1, 3), await test.Ledger.AcceptRollbackAsync(6000));
        Assert.Null(await test.Ledger.AcceptRollbackAsync(6000));
        Assert.Null(reader.RollbackEvidence());
        Assert.Equal(0ul, reader.Summary().Open);
        var next = await test.ServeAsync();
        Assert.Equal(10ul, next.Sequence);
        var batch = await test.SignAsync();
        Assert.Equal((5ul, network.Hash, 10ul, 1u), (batch.Batch.Batch, batch.Batch.Previous, batch.Batch.FirstSequence, batch.Batch.Count));
        Assert.Equal(Resolution.Applied, await test.Ledger.ResolveAsync(5, batch.Hash, BatchState.Settled, "", 7000));

        // What was passed over stays readable, counts as refused, and is not sent again.
        Assert.All([.. forked, open], receipt => Assert.Equal(receipt, reader.Find(receipt.Request)!.Receipt));
        Assert.All([.. forked, open], receipt => Assert.Equal(BatchState.Refused, reader.StateOf(receipt.Sequence)));
        Assert.Equal([BatchState.Settled, null], [reader.StateOf(10), reader.StateOf(11)]);
        Assert.Equal("rolled back: the network has another batch 3", Assert.Single(reader.LatestRefused(9)).Reason);
        Assert.Equal(0, await test.Ledger.ReopenRefusedAsync(null, 8000));
        AssertSound(test);
    }

    [Fact]
    public async Task Receipts_behind_the_network_s_last_keep_their_numbers_and_are_signed_in_the_new_chain()
    {
        using var lost = await TestLedger.OpenAsync();
        await ServeAndSettleAsync(lost, 2);
        using var test = await lost.RestoredCopyAsync();
        var network = (await ServeAndSettleAsync(lost, 3))[^1];
        var mine = new List<Receipt>();
        for (var batch = 0; batch < 3; batch++)
        {
            mine.AddRange([await test.ServeAsync(), await test.ServeAsync()]);
            await test.SignAsync();
        }

        mine.Add(await test.ServeAsync());
        Assert.Equal(EvidenceResult.Recorded, await RecordAsync(test, network));
        Assert.Equal(new AcceptedRollback(3, 6, 3, 3), await test.Ledger.AcceptRollbackAsync(6000));
        var next = await test.SignAsync();
        Assert.Equal((3ul, 6ul, 4u), (next.Batch.Batch, next.Batch.FirstSequence, next.Batch.Count));
        using var reader = test.Ledger.Read();
        Assert.All(mine.Take(3), r => Assert.Equal(BatchState.Refused, reader.StateOf(r.Sequence)));
        Assert.All(mine.Skip(3), r => Assert.Equal(next, reader.BatchOf(r.Sequence)));
        Assert.Equal([3ul, 4], reader.Forks().Select(b => b.Batch.Batch));
        Assert.Equal(8ul, (await test.ServeAsync()).Sequence - 2);
        AssertSound(test);
    }

    [Fact]
    public async Task Whatever_the_two_histories_are_the_chain_goes_on_and_no_number_is_given_twice()
    {
        var random = new Random(1);
        for (var round = 0; round < 20; round++)
        {
            using var lost = await TestLedger.OpenAsync();
            await ServeAndSettleAsync(lost, random.Next(1, 3));
            using var test = await lost.RestoredCopyAsync();
            for (var rollbacks = random.Next(1, 4); rollbacks > 0; rollbacks--)
            {
                var network = (await ServeAndSettleAsync(lost, [.. Enumerable.Range(0, random.Next(1, 5)).Select(_ => random.Next(1, 4))]))[^1];
                await ForkAsync(test, random);
                await GoesOnAsync(test, network);
            }
        }
    }

    [Fact]
    public async Task What_proves_no_rollback_is_not_recorded()
    {
        using var lost = await TestLedger.OpenAsync();
        await ServeAndSettleAsync(lost, 2);
        using var test = await lost.RestoredCopyAsync();
        var network = await ServeAndSettleAsync(lost, 3, 1, 1);
        Assert.Null(await test.Ledger.AcceptRollbackAsync(1));
        var settled = lost.Ledger.Read().Batches(1)[0];
        Assert.Equal(EvidenceResult.NoRollback, await RecordAsync(test, settled));
        Assert.Equal(EvidenceResult.Contradiction, await RecordAsync(test, network[0] with { Batch = settled.Batch, Hash = Bytes32.Random() }));
        Assert.Equal(EvidenceResult.Contradiction, await RecordAsync(test, network[2], last: 4));
        Assert.Equal(EvidenceResult.Contradiction, await RecordAsync(test, network[2], last: 2 + (3 * 256) + 1));
        Assert.Equal(EvidenceResult.Contradiction, await RecordAsync(test, network[2], last: ulong.MaxValue));
        await Assert.ThrowsAsync<ArgumentException>(() => RecordAsync(test, network[2], verdict: Verdict.Refused));
        using var stranger = TestLedger.TestKey();
        await Assert.ThrowsAsync<ArgumentException>(() => RecordAsync(test, network[2], signer: stranger));
        using var reader = test.Ledger.Read();
        Assert.Null(reader.RollbackEvidence());

        // The highest number counts.
        Assert.Equal(EvidenceResult.Recorded, await RecordAsync(test, network[1]));
        Assert.Equal(EvidenceResult.Recorded, await RecordAsync(test, network[2]));
        Assert.Equal(EvidenceResult.Known, await RecordAsync(test, network[0]));
        Assert.Equal(4ul, reader.RollbackEvidence()!.Batch);
        await test.Ledger.AcceptRollbackAsync(6000);
        Assert.Equal(EvidenceResult.Known, await RecordAsync(test, network[1]));
        Assert.Equal(EvidenceResult.Known, await RecordAsync(test, network[2]));
    }

    [Fact]
    public async Task A_ledger_can_be_rolled_back_twice()
    {
        using var lost = await TestLedger.OpenAsync();
        await ServeAndSettleAsync(lost, 2);
        using var test = await lost.RestoredCopyAsync();
        await RecordAsync(test, (await ServeAndSettleAsync(lost, 2))[^1]);
        await test.Ledger.AcceptRollbackAsync(6000);
        await ServeAsync(test, 2);
        await test.SignAsync();

        var newest = (await ServeAndSettleAsync(lost, 1, 1))[^1];
        Assert.Equal(EvidenceResult.Recorded, await RecordAsync(test, newest));
        await test.Ledger.AcceptRollbackAsync(7000);
        await ServeAsync(test, 1);
        var batch = await test.SignAsync();
        Assert.Equal((5ul, newest.Hash, 7ul), (batch.Batch.Batch, batch.Batch.Previous, batch.Batch.FirstSequence));
        using var reader = test.Ledger.Read();
        Assert.Equal([2ul, 4], reader.AcceptedRollbacks().Select(r => r.Batch));
        AssertSound(test);
    }

    [Fact]
    public async Task A_last_sequence_that_the_broker_changed_can_be_corrected_after_the_next_batch_was_refused()
    {
        using var lost = await TestLedger.OpenAsync();
        await ServeAndSettleAsync(lost, 2);
        using var test = await lost.RestoredCopyAsync();
        var network = (await ServeAndSettleAsync(lost, 2))[^1];
        await RecordAsync(test, network, last: 9);
        Assert.Equal(10ul, (await test.Ledger.AcceptRollbackAsync(6000))!.NextSequence);
        var receipt = await test.ServeAsync();
        var refused = await test.SignAsync();
        Assert.Equal(EvidenceResult.Known, await RecordAsync(test, network));
        await test.Ledger.ResolveAsync(3, refused.Hash, BatchState.Refused, "expected receipt 5", 1);
        Assert.Equal(EvidenceResult.Recorded, await RecordAsync(test, network));
        Assert.Equal(5ul, (await test.Ledger.AcceptRollbackAsync(7000))!.NextSequence);

        // A batch has no gaps: what was passed over is void.
        var batch = await test.SignAsync();
        Assert.Equal((3ul, 5ul, 6u, receipt.Fee), (batch.Batch.Batch, batch.Batch.FirstSequence, batch.Batch.Count, batch.Batch.Fees));
        using var reader = test.Ledger.Read();
        Assert.Equal([.. Enumerable.Repeat(Outcome.Void, 5), Outcome.Stop], reader.From(5).Select(r => r.Receipt!.Outcome));
        AssertSound(test);
    }

    [Fact]
    public async Task An_export_holds_one_unbroken_chain_and_the_one_before_can_be_asked_for()
    {
        using var lost = await TestLedger.OpenAsync();
        await ServeAndSettleAsync(lost, 2);
        using var test = await lost.RestoredCopyAsync();
        var network = (await ServeAndSettleAsync(lost, 2, 1))[^1];
        var fork = await test.ServeAsync();
        await RecordAsync(test, network);
        await test.Ledger.AcceptRollbackAsync(6000);
        using var reader = test.Ledger.Read();
        Assert.Contains("no signed batch from number 4 on", (await Assert.ThrowsAsync<ExportException>(() => VerifyExportAsync(reader, new(), 0))).Message);
        await ServeAsync(test, 1);
        await test.SignAsync();
        Assert.Equal(4ul, (await VerifyExportAsync(reader, new(), 1)).FirstBatch);
        Assert.Equal(1ul, (await VerifyExportAsync(reader, new() { FromBatch = 1 }, 1)).FirstBatch);
        Assert.Contains("was rolled back", (await Assert.ThrowsAsync<ExportException>(() => VerifyExportAsync(reader, new() { Request = fork.Request }, 0))).Message);
    }

    [Fact]
    public async Task Damage_among_what_was_passed_over_is_named_and_mended_and_a_damaged_rollback_is_named()
    {
        using var lost = await TestLedger.OpenAsync();
        await ServeAndSettleAsync(lost, 2);
        using var test = await lost.RestoredCopyAsync();
        var network = (await ServeAndSettleAsync(lost, 3))[^1];
        await ServeAsync(test, 2);
        await RecordAsync(test, network);
        await test.Ledger.AcceptRollbackAsync(6000);
        test.Vandalise("UPDATE receipts SET body = zeroblob(9) WHERE sequence = 3");
        var finding = Assert.Single(test.Check().Findings);
        Assert.StartsWith("receipt 3:", finding.ToString());
        Assert.Single(await test.Ledger.RepairAsync([finding]));
        AssertSound(test);

        test.Vandalise("UPDATE rollbacks SET sequence = 4");
        Assert.Contains(test.Check().Findings, f => f is { Part: LedgerPart.Rollback, Number: 2 });
        await Assert.ThrowsAsync<FormatException>(() => test.Ledger.PrepareBatchAsync(test.Seal()));
    }

    /// <summary>Batches that the network doesn't know, some of them refused already, and a few open receipts.</summary>
    private static async Task ForkAsync(TestLedger test, Random random)
    {
        for (var batches = random.Next(0, 6); batches > 0; batches--)
        {
            await ServeAsync(test, random.Next(1, 4));
            var fork = await test.SignAsync();
            if (random.Next(2) == 0)
            {
                await test.Ledger.ResolveAsync(fork.Batch.Batch, fork.Hash, BatchState.Refused, "fork", 1);
            }
        }

        await ServeAsync(test, random.Next(0, 4));
    }

    private static async Task GoesOnAsync(TestLedger test, StoredBatch network)
    {
        using var reader = test.Ledger.Read();
        var before = reader.From(1);
        Assert.Equal(EvidenceResult.Recorded, await RecordAsync(test, network));
        var accepted = (await test.Ledger.AcceptRollbackAsync(6000))!;
        Assert.Equal((network.Batch.Batch + 1, Last(network) + 1), (accepted.NextBatch, accepted.NextSequence));
        AssertSound(test);
        var next = await test.ServeAsync();
        Assert.Equal(Math.Max(before[^1].Sequence, Last(network)) + 1, next.Sequence);
        var signed = await test.SignAsync();
        Assert.Equal((accepted.NextBatch, network.Hash, accepted.NextSequence), (signed.Batch.Batch, signed.Batch.Previous, signed.Batch.FirstSequence));
        Assert.Equal(next.Sequence, Last(signed));
        Assert.Equal([.. before, reader.Find(next.Sequence)!], reader.From(1));
        await VerifyExportAsync(reader, new ExportOptions(), 1);
        AssertSound(test);
    }

    private static ulong Last(StoredBatch batch) => batch.Batch.FirstSequence + batch.Batch.Count - 1;

    private static async Task ServeAsync(TestLedger test, int receipts)
    {
        for (var i = 0; i < receipts; i++)
        {
            await test.ServeAsync();
        }
    }

    /// <summary>Batches of so many receipts each, which the network settles.</summary>
    private static async Task<List<StoredBatch>> ServeAndSettleAsync(TestLedger test, params int[] sizes)
    {
        var batches = new List<StoredBatch>();
        foreach (var size in sizes)
        {
            await ServeAsync(test, size);
            batches.Add(await test.SignAsync());
            await test.Ledger.ResolveAsync(batches[^1].Batch.Batch, batches[^1].Hash, BatchState.Settled, "", 2000);
        }

        return batches;
    }

    /// <summary>Tells a ledger that the collector has settled a batch.</summary>
    private static async Task<EvidenceResult> RecordAsync(
        TestLedger test, StoredBatch batch, ulong? last = null, Verdict verdict = Verdict.Settled, KeyFileKey? signer = null)
    {
        var acknowledgement = new Acknowledgement { Node = batch.Batch.Node, Batch = batch.Batch.Batch, BatchHash = batch.Hash, Verdict = verdict };
        var signature = await (signer ?? Collector).SignAsync(batch.Domain.Digest(TypedStruct.Hash(acknowledgement)), default);
        return await test.Ledger.RecordRollbackEvidenceAsync(acknowledgement, signature, Collector.Address, batch.Domain, last ?? Last(batch), 5000);
    }

    private static async Task<ExportSummary> VerifyExportAsync(LedgerReader reader, ExportOptions options, ulong batches)
    {
        using var document = new MemoryStream();
        var summary = await ExportWriter.WriteAsync(reader, document, options, default);
        document.Position = 0;
        var result = await ExportVerifier.VerifyAsync(document, default);
        Assert.True(result.Holds, string.Join('\n', result.Failures));
        Assert.Equal(batches, (ulong)result.Batches);
        return summary;
    }

    private static void AssertSound(TestLedger test)
    {
        foreach (var report in new[] { test.Check(), LedgerCheck.Quick(test.Path) })
        {
            Assert.True(report.IsSound, string.Join('\n', report.Findings));
        }
    }
}
