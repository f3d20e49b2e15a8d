using OffLM.Edge.Metering.Receipts;
using OffLM.Edge.Signing.TypedStructs;

namespace OffLM.Edge.Metering.Tests.Ledgers;

/// <summary>Damaged rows are named, and mended as far as anything proves what they were; the rest stays as it is.</summary>
public sealed class DamageTests
{
    [Fact]
    public async Task A_damaged_open_receipt_is_named_and_void_and_the_rest_goes_on()
    {
        using var test = await TestLedger.OpenAsync();
        for (var i = 0; i < 5; i++)
        {
            await test.ServeAsync();
        }

        test.Vandalise("UPDATE receipts SET body = CAST(substr(body, 1, 100) || x'ff00' AS BLOB) WHERE sequence = 3");
        using (var reader = test.Ledger.Read())
        {
            Assert.Equal([3ul], reader.From(1).Where(r => r.Damage is not null).Select(r => r.Sequence));
            Assert.Equal(4, reader.From(1).Count(r => r.Receipt is not null));
        }

        var finding = Assert.Single(test.Check().Findings, f => f.Part == LedgerPart.Receipt);
        Assert.Equal("receipt 3: its checksum doesn't hold; it is restored or becomes void, fee 0, before it is signed.", finding.ToString());
        Assert.Equal(finding, Assert.Single(LedgerCheck.Quick(test.Path).Findings));
        Assert.Equal(["receipt 3: now void."], await test.Ledger.RepairAsync([finding]));
        Assert.True(test.Check().IsSound, string.Join('\n', test.Check().Findings));
        Assert.Equal(5u, (await test.SignAsync()).Batch.Count);
        Assert.True(test.Check().IsSound);
    }

    [Fact]
    public async Task A_damaged_open_receipt_does_not_keep_the_next_batch_from_being_formed()
    {
        using var test = await TestLedger.OpenAsync();
        await test.ServeAsync();
        var good = await test.ServeAsync();
        test.Vandalise("UPDATE receipts SET leaf = zeroblob(32) WHERE sequence = 1");
        var batch = await test.SignAsync();
        Assert.Equal((2u, good.Fee), (batch.Batch.Count, batch.Batch.Fees));
        Assert.True(test.Check().IsSound);
    }

    [Fact]
    public async Task An_open_receipt_whose_content_still_has_its_hash_is_restored_not_voided()
    {
        using var test = await TestLedger.OpenAsync();
        var receipt = await test.ServeAsync();
        test.Vandalise("UPDATE receipts SET request = zeroblob(32), crc = 1");
        Assert.Null(await test.Ledger.VoidDamagedAsync(1));
        using var reader = test.Ledger.Read();
        Assert.Equal(receipt, reader.Find(1ul)!.Receipt);
        Assert.True(test.Check().IsSound);
    }

    [Fact]
    public async Task A_damaged_signed_receipt_whose_leaf_is_good_collapses_to_its_leaf()
    {
        using var test = await TestLedger.OpenAsync();
        var receipts = new[] { await test.ServeAsync(), await test.ServeAsync(), await test.ServeAsync() };
        await test.SignAsync();
        test.Vandalise("UPDATE receipts SET body = zeroblob(50) WHERE sequence = 2");
        Assert.Null(await test.Ledger.VoidDamagedAsync(2));
        var finding = Assert.Single(test.Check().Findings, f => f.Part == LedgerPart.Receipt);
        Assert.Contains("collapses to its leaf", finding.ToString());
        Assert.Equal(["receipt 2: collapsed to its leaf."], await test.Ledger.RepairAsync([finding]));
        using var reader = test.Ledger.Read();
        Assert.Equal((TypedStruct.Hash(receipts[1]), null), (reader.Find(2ul)!.Leaf, reader.Find(2ul)!.Damage));
        Assert.True(test.Check().IsSound);
    }

    [Fact]
    public async Task A_damaged_signed_receipt_whose_content_the_root_proves_is_restored()
    {
        using var test = await TestLedger.OpenAsync();
        var receipts = new[] { await test.ServeAsync(), await test.ServeAsync(), await test.ServeAsync() };
        await test.SignAsync();
        test.Vandalise("UPDATE receipts SET leaf = zeroblob(32) WHERE sequence = 2");
        Assert.Equal(["receipt 2: restored."], await test.Ledger.RepairAsync(test.Check().Findings));
        using var reader = test.Ledger.Read();
        Assert.Equal(receipts[1], reader.Find(2ul)!.Receipt);
        Assert.True(test.Check().IsSound);
    }

    [Fact]
    public async Task A_signed_receipt_that_nothing_proves_is_only_named()
    {
        using var test = await TestLedger.OpenAsync();
        await test.ServeAsync();
        await test.ServeAsync();
        await test.SignAsync();
        test.Vandalise("UPDATE receipts SET leaf = zeroblob(32), body = zeroblob(7) WHERE sequence = 2");
        var findings = test.Check().Findings;
        Assert.Contains(findings, f => f.ToString().StartsWith("receipt 2: its checksum", StringComparison.Ordinal) && f.Advice.Contains("restore the file"));
        Assert.DoesNotContain(await test.Ledger.RepairAsync(findings), action => action.StartsWith("receipt", StringComparison.Ordinal));
        Assert.Contains(test.Check().Findings, f => f is { Part: LedgerPart.Receipt, Number: 2 });
    }

    [Theory]
    [InlineData("UPDATE batches SET hash = zeroblob(32) WHERE batch = 2")]
    [InlineData("UPDATE batches SET first = 77 WHERE batch = 2")]
    [InlineData("UPDATE batches SET state = 2 WHERE batch = 2")]
    [InlineData("UPDATE batches SET crc = 0 WHERE batch = 2")]
    public async Task A_damaged_batch_row_is_written_again_from_what_was_signed(string damage)
    {
        using var test = await TestLedger.OpenAsync();
        await test.ServeAsync();
        await test.SignAsync();
        await test.ServeAsync();
        var second = await test.SignAsync();
        await test.ServeAsync();
        test.Vandalise(damage);

        Assert.Contains("batch 2", (await Assert.ThrowsAsync<FormatException>(() => test.Ledger.PrepareBatchAsync(test.Seal()))).Message);
        var findings = LedgerCheck.Quick(test.Path).Findings;
        Assert.StartsWith("batch 2: ", Assert.Single(findings, f => f.Part == LedgerPart.Batch).ToString());
        await test.Ledger.RepairAsync(findings);
        using var reader = test.Ledger.Read();
        Assert.Equal(second, reader.Batches(2)[0]);
        Assert.Equal(second.Hash, (await test.SignAsync()).Batch.Previous);
        Assert.True(test.Check().IsSound, string.Join('\n', test.Check().Findings));
    }

    [Theory]
    [InlineData("DELETE FROM receipts WHERE sequence = 2", "receipt 2: missing")]
    [InlineData("DELETE FROM receipts WHERE sequence >= 3", "receipt 3: signed up to 4, but missing")]
    [InlineData("DELETE FROM batches WHERE batch = 1", "batch 1: missing, the next is 2")]
    [InlineData("UPDATE tariffs SET body = zeroblob(4)", "tariff 0x")]
    [InlineData("UPDATE salts SET record = '{}' WHERE rowid = 1", "salts 0x")]
    [InlineData("UPDATE credit SET caller = 'x'", "credit x: its checksum")]
    [InlineData("UPDATE batches SET signature = zeroblob(65) WHERE batch = 1", "batch 1: its checksum")]
    public async Task The_full_check_names_what_is_wrong(string damage, string expected)
    {
        using var test = await TestLedger.OpenAsync();
        await test.ServeAsync();
        await test.ServeAsync();
        await test.ServeAsync();
        await test.SignAsync();
        await test.ServeAsync();
        await test.SignAsync();
        Assert.True(test.Check().IsSound);
        test.Vandalise(damage);
        var findings = test.Check().Findings;
        Assert.Contains(findings, f => f.ToString().StartsWith(expected, StringComparison.Ordinal));
        Assert.All(findings, f => Assert.NotEmpty(f.Advice));
    }

    [Fact]
    public async Task A_fee_or_a_receipt_that_was_forged_with_its_checksum_is_found()
    {
        using var test = await TestLedger.OpenAsync();
        var receipt = await test.ServeAsync();
        var forged = receipt with { Fee = 1 };
        Replace(test, forged, TypedStruct.Hash(forged));
        Assert.Contains(test.Check().Findings, f => f.ToString().StartsWith("receipt 1: its fee", StringComparison.Ordinal));
        Replace(test, forged, TypedStruct.Hash(receipt));
        Assert.Contains(test.Check().Findings, f => f.ToString().StartsWith("receipt 1: its leaf", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Pages_torn_out_of_the_file_are_reported_and_the_others_stay_readable()
    {
        using var test = await TestLedger.OpenAsync();
        for (var i = 0; i < 200; i++)
        {
            await test.ServeAsync();
        }

        var root = test.Ledger.Path;
        await test.Ledger.FoldAsync();
        test.Ledger.Dispose();
        using (var file = new FileStream(root, FileMode.Open))
        {
            // Somewhere in the middle: a leaf of some table or index.
            file.Position = file.Length / 4096 / 2 * 4096;
            file.Write(new byte[4096]);
        }

        Assert.False(LedgerCheck.Paid(root).IsSound);
        var report = LedgerCheck.Full(root);
        Assert.False(report.IsSound);
        Assert.True(report.Receipts > 100, $"only {report.Receipts} receipts were readable");
    }

    [Fact]
    public async Task The_full_check_reports_progress_and_can_be_cancelled()
    {
        using var test = await TestLedger.OpenAsync();
        await test.ServeAsync();
        await test.SignAsync();
        await test.ServeAsync();
        var seen = new Seen();
        Assert.Equal(2ul, LedgerCheck.Full(test.Path, seen).Receipts);
        Assert.Equal(new LedgerCheckProgress(2, 2), seen.Last);
        using var cancelled = new CancellationTokenSource();
        await cancelled.CancelAsync();
        Assert.ThrowsAny<OperationCanceledException>(() => LedgerCheck.Full(test.Path, null, cancelled.Token));
    }

    [Fact]
    public async Task A_check_while_the_node_writes_finds_nothing_wrong()
    {
        using var test = await TestLedger.OpenAsync();
        await test.ServeAsync();
        using var stop = new CancellationTokenSource();
        var writing = Task.WhenAll(Enumerable.Range(0, 4).Select(async _ =>
        {
            while (!stop.IsCancellationRequested)
            {
                await test.ServeAsync();
            }
        }));
        for (var i = 0; i < 10; i++)
        {
            await test.SignAsync();
            var report = test.Check();
            Assert.True(report.IsSound, string.Join('\n', report.Findings));
        }

        await stop.CancelAsync();
        await writing;
    }

    private static void Replace(TestLedger test, Receipt receipt, Signing.Bytes32 leaf)
    {
        using var connection = Interop.Sqlite.SqliteConnection.Open(test.Path);
        var body = TypedStruct.ToBytes(receipt);
        connection.Prepare("UPDATE receipts SET body = ?1, leaf = ?2, crc = ?3").Bind(1, body).Bind(2, leaf.AsSpan())
            .Bind(3, StoredReceipt.Checksum(receipt.Sequence, receipt.Request.AsSpan(), "alice", leaf.AsSpan(), body)).Run();
    }

    private sealed class Seen : IProgress<LedgerCheckProgress>
    {
        public LedgerCheckProgress Last { get; private set; }

        public void Report(LedgerCheckProgress value) => Last = value;
    }
}
