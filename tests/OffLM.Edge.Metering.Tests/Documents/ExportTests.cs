using System.Text.Json;
using System.Text.Json.Nodes;
using OffLM.Edge.Metering.Documents;
using OffLM.Edge.Signing;
using OffLM.Edge.Signing.TypedStructs;

namespace OffLM.Edge.Metering.Tests;

public sealed class ExportTests
{
    private static readonly TypedDomain OtherNetwork = TypedDomain.Receipts(7, TypedDomain.TestContract);

    [Fact]
    public async Task A_complete_export_verifies_and_says_what_is_in_it()
    {
        using var sample = await SampleLedger.CreateAsync(5, 1, 256, 2);
        var (document, summary) = await sample.ExportAsync();
        var result = await SampleLedger.VerifyAsync(document);
        Assert.Empty(result.Failures);
        Assert.True(result.Holds);
        Assert.Equal((4, 264, 0), (result.Batches, result.Receipts, result.Hidden));
        Assert.Equal((1UL, 4UL), (result.StartsAt, result.EndsAt));
        Assert.Equal([sample.Node], result.Nodes);
        Assert.Equal(TypedDomain.TestNetwork, result.Domain);
        using var reader = sample.Ledger.Read();
        Assert.Equal(FeeTests.Sum(reader.Batches(1).Select(b => b.Batch.Fees)), result.Fees);
        Assert.Equal((4UL, 264UL, 0UL), (summary.Batches, summary.Receipts, summary.Hidden));
        Assert.Empty(summary.Damaged);
        Assert.Empty(summary.MissingTariffs);
    }

    [Fact]
    public async Task The_document_has_the_fields_that_the_format_says()
    {
        using var sample = await SampleLedger.CreateAsync(3);
        var json = JsonNode.Parse((await sample.ExportAsync()).Document)!;
        Assert.Equal(["domain", "tariffs", "batches"], json.AsObject().Select(p => p.Key));
        Assert.Equal(
            """{"name":"OffLM Receipts","version":"1","chainId":11155111,"verifyingContract":"0x00000000000000000000000000000000000ff1ed"}""",
            json["domain"]!.ToJsonString());
        Assert.Equal(2, json["tariffs"]!.AsArray().Count);
        Assert.Equal(["batch", "signature", "receipts"], json["batches"]![0]!.AsObject().Select(p => p.Key));
        Assert.Equal("1", json["batches"]![0]!["receipts"]![0]!["sequence"]!.GetValue<string>());
    }

    [Fact]
    public async Task For_others_own_use_leaves_only_its_leaves()
    {
        using var sample = await SampleLedger.CreateAsync(6, 4);
        var (document, summary) = await sample.ExportAsync(new() { Disclosure = Disclosure.WithoutOwnUse });
        var json = JsonNode.Parse(document)!;
        Assert.Single(json["tariffs"]!.AsArray());
        Assert.Equal(["leaf"], json["batches"]![0]!["receipts"]![2]!.AsObject().Select(p => p.Key));
        var result = await SampleLedger.VerifyAsync(document);
        Assert.Empty(result.Failures);
        Assert.Equal((7, 3), (result.Receipts, result.Hidden));
        Assert.Equal(3UL, summary.Hidden);
        Assert.Equal(0, result.HiddenFees);
    }

    [Fact]
    public async Task One_request_is_disclosed_alone_in_its_batch()
    {
        using var sample = await SampleLedger.CreateAsync(3, 4, 3);
        using var reader = sample.Ledger.Read();
        var chosen = reader.Find(5)!;
        var (document, summary) = await sample.ExportAsync(new() { Request = chosen.Request });
        var receipts = JsonNode.Parse(document)!["batches"]!.AsArray().Single()!["receipts"]!.AsArray();
        Assert.Equal([1, 23, 1, 1], receipts.Select(r => r!.AsObject().Count));
        var result = await SampleLedger.VerifyAsync(document);
        Assert.Empty(result.Failures);
        Assert.Equal((1, 1, 3), (result.Batches, result.Receipts, result.Hidden));
        Assert.Equal(2UL, result.StartsAt);
        Assert.Equal(chosen.Receipt!.Fee, result.Fees);
        Assert.Equal(reader.Batches(2, 1)[0].Batch.Fees, result.Fees + result.HiddenFees);
        Assert.Equal(3UL, summary.Hidden);
    }

    [Fact]
    public async Task A_continuation_verifies_and_says_where_it_starts()
    {
        using var sample = await SampleLedger.CreateAsync(2, 2, 2);
        var result = await SampleLedger.VerifyAsync((await sample.ExportAsync(new() { FromBatch = 2 })).Document);
        Assert.True(result.Holds);
        Assert.Equal((2UL, 3UL), (result.StartsAt, result.EndsAt));
    }

    [Fact]
    public async Task Collapsed_receipts_are_exported_as_leaves()
    {
        using var sample = await SampleLedger.CreateAsync(6);
        await sample.Ledger.CollapseAsync(ulong.MaxValue >> 1);
        var result = await SampleLedger.VerifyAsync((await sample.ExportAsync()).Document);
        Assert.True(result.Holds);
        Assert.Equal((4, 2), (result.Receipts, result.Hidden));
    }

    [Fact]
    public async Task Batches_of_several_networks_need_a_choice()
    {
        using var sample = await SampleLedger.CreateAsync(2);
        await sample.AppendAsync();
        await sample.SignAsync(OtherNetwork);
        var message = (await Assert.ThrowsAsync<ExportException>(() => sample.ExportAsync())).Message;
        Assert.Contains("chain 11155111", message);
        Assert.Contains("chain 7", message);
        var first = await SampleLedger.VerifyAsync((await sample.ExportAsync(new() { Domain = TypedDomain.TestNetwork })).Document);
        var second = await SampleLedger.VerifyAsync((await sample.ExportAsync(new() { Domain = OtherNetwork })).Document);
        Assert.True(first.Holds && second.Holds);
        Assert.Equal((1UL, 2UL), (first.EndsAt, second.StartsAt));
        Assert.Equal(OtherNetwork, second.Domain);
        await Assert.ThrowsAsync<ExportException>(() => sample.ExportAsync(new() { Domain = TypedDomain.Receipts(8, default) }));
    }

    [Fact]
    public async Task What_can_t_be_exported_says_why()
    {
        using var sample = await SampleLedger.CreateAsync();
        var open = await sample.AppendAsync();
        Assert.Contains("1 receipts wait", (await Assert.ThrowsAsync<ExportException>(() => sample.ExportAsync())).Message);
        Assert.Contains("no signed batch yet", (await Assert.ThrowsAsync<ExportException>(() => sample.ExportAsync(new() { Request = open.Request }))).Message);
        var unknown = Bytes32.Random();
        Assert.Contains(unknown.ToString(), (await Assert.ThrowsAsync<ExportException>(() => sample.ExportAsync(new() { Request = unknown }))).Message);
        await sample.AppendAsync();
        var own = await sample.AppendAsync();
        await sample.SignAsync();
        await sample.Ledger.CollapseAsync(ulong.MaxValue >> 1);
        Assert.Contains("retention", (await Assert.ThrowsAsync<ExportException>(() => sample.ExportAsync(new() { Request = own.Request }))).Message);
    }

    [Fact]
    public async Task Damaged_and_missing_rows_are_told_and_keep_their_place()
    {
        using var sample = await SampleLedger.CreateAsync(5, 3);
        sample.Damage("UPDATE receipts SET caller = 'x' WHERE sequence = 2; DELETE FROM receipts WHERE sequence IN (4, 8)");
        var (document, summary) = await sample.ExportAsync();
        Assert.Equal([2UL, 4UL, 8UL], summary.Damaged);
        var result = await SampleLedger.VerifyAsync(document);
        Assert.Equal([(FailureKind.Root, 1UL), (FailureKind.Root, 2UL)], result.Failures.Select(f => (f.Kind, f.Batch!.Value)));
    }

    [Fact]
    public async Task A_missing_tariff_is_told_and_named_by_the_verification()
    {
        using var sample = await SampleLedger.CreateAsync(2);
        sample.Damage("DELETE FROM tariffs");
        var (document, summary) = await sample.ExportAsync();
        Assert.Equal([TypedStruct.Hash(SampleLedger.Paid)], summary.MissingTariffs);
        var result = await SampleLedger.VerifyAsync(document);
        Assert.All(result.Failures, f => Assert.Equal(FailureKind.Tariff, f.Kind));
        Assert.Equal([1UL, 2UL], result.Failures.Select(f => f.Sequence!.Value));
    }

    [Fact]
    public async Task A_receipt_document_proves_itself()
    {
        using var sample = await SampleLedger.CreateAsync(5);
        var open = await sample.AppendAsync();
        using var reader = sample.Ledger.Read();
        for (ulong sequence = 1; sequence <= 5; sequence++)
        {
            var stored = reader.Find(sequence)!;
            var json = Show(reader, stored, withSalts: true);
            Assert.Equal("signed", json["state"]!.ToString());
            Assert.Equal(stored.Receipt, Read<Receipts.Receipt>(json["receipt"]!));
            Assert.Equal(stored.Receipt!.Tariff, TypedStruct.Hash(Read<Tariffs.Tariff>(json["tariff"]!)));
            var proof = json["proof"]!.AsArray().Select(p => Bytes32.Parse(p!.ToString())).ToArray();
            var batch = Read<Batches.ReceiptBatch>(json["batch"]!);
            Assert.Equal(batch.Root, Batches.MerkleTree.RootOf(TypedStruct.Hash(stored.Receipt), proof));
            Assert.True(RecoverableSignature.TryParse(json["signature"]!.ToString(), out var signature));
            Assert.Equal(sample.Node, signature.Recover(TypedDomain.TestNetwork.Digest(TypedStruct.Hash(batch))));
            Assert.Equal(
                stored.Receipt.Execution,
                Receipts.Commitment.To(Bytes32.Parse(json["salts"]!["execution"]!.ToString()), json["salts"]!["executionRecord"]!.ToString()));
        }

        var unsigned = Show(reader, reader.Find(open.Request)!, withSalts: false);
        Assert.Equal("open", unsigned["state"]!.ToString());
        Assert.Null(unsigned["batch"]);
        Assert.False(unsigned.AsObject().ContainsKey("salts"));
    }

    [Fact]
    public async Task A_receipt_document_of_a_collapsed_receipt_still_has_its_proof()
    {
        using var sample = await SampleLedger.CreateAsync(3);
        await sample.Ledger.CollapseAsync(ulong.MaxValue >> 1);
        using var reader = sample.Ledger.Read();
        var json = Show(reader, reader.Find(3)!, withSalts: true);
        Assert.Null(json["receipt"]);
        Assert.Null(json["tariff"]);
        Assert.Null(json["salts"]);
        var proof = json["proof"]!.AsArray().Select(p => Bytes32.Parse(p!.ToString())).ToArray();
        Assert.Equal(json["batch"]!["root"]!.ToString(), Batches.MerkleTree.RootOf(Bytes32.Parse(json["leaf"]!.ToString()), proof).ToString());
    }

    [Fact]
    public async Task A_receipt_document_is_not_made_of_damaged_rows()
    {
        using var sample = await SampleLedger.CreateAsync(3);
        sample.Damage("UPDATE receipts SET caller = 'x' WHERE sequence = 2; DELETE FROM receipts WHERE sequence = 3");
        using var reader = sample.Ledger.Read();
        Assert.Contains("receipt 2 is damaged", Assert.Throws<FormatException>(() => Show(reader, reader.Find(2)!, true)).Message);
        Assert.Contains("batch 1", Assert.Throws<FormatException>(() => Show(reader, reader.Find(1)!, true)).Message);
    }

    private static JsonNode Show(LedgerReader reader, StoredReceipt stored, bool withSalts)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream))
        {
            ReceiptDocument.Write(writer, reader, stored, withSalts);
        }

        return JsonNode.Parse(stream.ToArray())!;
    }

    private static T Read<T>(JsonNode json)
        where T : ITypedStruct<T>, new() => TypedStruct.ReadJson<T>(System.Text.Encoding.UTF8.GetBytes(json.ToJsonString()), JsonForm.Written);
}
