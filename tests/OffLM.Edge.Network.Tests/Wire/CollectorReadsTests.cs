using FsCheck;
using FsCheck.Fluent;
using Google.Protobuf;
using OffLM.Edge.Metering.Batches;
using OffLM.Edge.Metering.Receipts;
using OffLM.Edge.Network.Wire;
using OffLM.Edge.Signing.TypedStructs;
using OffLM.Fleet.Messages;

namespace OffLM.Edge.Network.Tests.Wire;

/// <summary>The node's encoder and the collector's decoder, which know nothing of each other.</summary>
public sealed class CollectorReadsTests
{
    [Theory]
    [InlineData(OwnUse.Leaf)]
    [InlineData(OwnUse.Full)]
    public void M17_The_collector_s_own_reader_reads_what_the_ledger_has(OwnUse ownUse) =>
        ForAny(seed => new RandomBatch(seed, inRange: true), batches: 200, batch => AssertReads(batch, ownUse));

    [Theory]
    [InlineData(OwnUse.Leaf)]
    [InlineData(OwnUse.Full)]
    public void M16_The_collector_s_own_reader_takes_full_batches(OwnUse ownUse) =>
        ForAny(seed => new RandomBatch(seed, ReceiptBatch.MaxReceipts, inRange: true), batches: 10, batch => AssertReads(batch, ownUse));

    private static void ForAny(Func<int, RandomBatch> make, int batches, Action<RandomBatch> property) => Prop
        .ForAll(Gen.Choose(0, int.MaxValue).ToArbitrary(), seed => property(make(seed)))
        .Check(Config.QuickThrowOnFailure.WithMaxTest(batches));

    private static void AssertReads(RandomBatch batch, OwnUse ownUse)
    {
        var message = new BatchEncoder(ownUse).Encode(batch.Stored, batch.Rows, batch.FindTariff, batch.FindSchedule);

        var read = Fleet.Messages.BatchDecoder.Decode(message.ToByteArray());

        Assert.Null(read.Problem);
        var (header, content) = (read.Header!, read.Content!);
        Assert.Equal(batch.Stored.Batch, header.Batch);
        Assert.Equal((batch.Stored.Hash, batch.Stored.Signature, batch.Stored.Domain), (header.Hash, header.Signature, header.Domain));
        foreach (var (row, entry) in batch.Rows.Zip(content.Entries))
        {
            Assert.Equal(IsDisclosed(row.Receipt, ownUse) ? row.Receipt : null, entry.Receipt);
            Assert.Equal(row.Leaf, entry.Receipt is { } receipt ? TypedStruct.Hash(receipt) : entry.Leaf);
        }

        Assert.Equal(content.Entries.Where(e => e.Receipt is not null).Select(e => e.Receipt!.Tariff).ToHashSet(), [.. content.Tariffs.Keys]);
        Assert.All(content.Tariffs, tariff => Assert.Equal(tariff.Key, TypedStruct.Hash(tariff.Value)));
        Assert.Equal(content.Tariffs.Values.Any(t => t.Schedule == TypedStruct.Hash(batch.Schedule)) ? [batch.Schedule] : [], content.Schedules.Values);
    }

    private static bool IsDisclosed(Receipt? receipt, OwnUse ownUse) =>
        receipt is not null && (ownUse == OwnUse.Full || !receipt.IsOwnUse || receipt.Outcome == Metering.Receipts.Outcome.Void);
}
