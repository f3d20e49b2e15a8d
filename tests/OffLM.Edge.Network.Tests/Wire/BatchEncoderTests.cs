using FsCheck;
using FsCheck.Fluent;
using Google.Protobuf;
using OffLM.Edge.Metering.Receipts;
using OffLM.Edge.Network.Wire;
using OffLM.Edge.Signing.TypedStructs;

namespace OffLM.Edge.Network.Tests.Wire;

public sealed class BatchEncoderTests
{
    [Theory]
    [InlineData(OwnUse.Leaf)]
    [InlineData(OwnUse.Full)]
    public void M17_A_collector_reads_what_the_ledger_has(OwnUse ownUse) => ForAnyBatch(batch =>
    {
        var read = Send(batch, ownUse);

        Assert.Equal(batch.Stored.Batch, read.Batch);
        Assert.Equal((batch.Stored.Hash, batch.Stored.Signature, batch.Stored.Domain), (read.Hash, read.Signature, read.Domain));
        Assert.Equal(batch.Rows.Select(r => r.Leaf), read.Leaves);
        foreach (var (row, receipt) in batch.Rows.Zip(read.Receipts))
        {
            Assert.True(receipt is null || receipt == row.Receipt, $"receipt {row.Sequence}");
        }

        var named = read.Receipts.OfType<Receipt>().Select(r => r.Tariff).ToHashSet();
        Assert.Equal(named, read.Tariffs.Select(t => TypedStruct.Hash(t)).ToHashSet());
        var scheduled = read.Tariffs.Any(t => t.Schedule == TypedStruct.Hash(batch.Schedule));
        Assert.Equal(scheduled ? [batch.Schedule] : [], read.Schedules);
    });

    [Fact]
    public void M15_Own_use_leaves_as_hashes_and_everything_else_as_it_is() => ForAnyBatch(batch =>
    {
        foreach (var (row, receipt) in batch.Rows.Zip(Send(batch, OwnUse.Leaf).Receipts))
        {
            var hidden = row.Receipt is null or { IsOwnUse: true, Outcome: not Metering.Receipts.Outcome.Void };
            Assert.Equal(hidden, receipt is null);
        }
    });

    [Fact]
    public void Own_use_is_disclosed_only_on_demand() => ForAnyBatch(batch =>
        Assert.Equal(batch.Rows.Select(r => r.Receipt), Send(batch, OwnUse.Full).Receipts));

    [Fact]
    public void Nothing_of_the_ledger_s_own_columns_is_in_a_message() => ForAnyBatch(batch =>
        Assert.DoesNotContain("caller-name", Encode(batch, OwnUse.Full).ToByteString().ToStringUtf8()));

    [Fact]
    public void A_damaged_row_is_named_and_keeps_its_batch_back()
    {
        var batch = new RandomBatch(1);
        var damaged = batch.Rows.Select((r, i) => i == 0 ? r with { Receipt = null, Damage = "its checksum doesn't hold" } : r).ToList();

        var error = Assert.Throws<UnsendableBatchException>(() => new BatchEncoder(OwnUse.Leaf).Encode(batch.Stored, damaged, batch.FindTariff, batch.FindSchedule));

        Assert.Equal(batch.Stored.Batch.Batch, error.Batch);
        Assert.Contains($"receipt {batch.Rows[0].Sequence} is damaged (its checksum doesn't hold)", error.Message);
    }

    [Fact]
    public void A_missing_row_is_named_and_keeps_its_batch_back()
    {
        var batch = new RandomBatch(2);

        var error = Assert.Throws<UnsendableBatchException>(
            () => new BatchEncoder(OwnUse.Leaf).Encode(batch.Stored, [.. batch.Rows.Skip(1)], batch.FindTariff, batch.FindSchedule));

        Assert.Contains($"receipt {batch.Rows[0].Sequence} is missing", error.Message);
    }

    [Fact]
    public void A_lost_tariff_is_named_and_keeps_its_batch_back() => ForAnyBatch(batch =>
    {
        var encoder = new BatchEncoder(OwnUse.Full);
        if (batch.Rows.FirstOrDefault(r => r.Receipt is { Outcome: not Metering.Receipts.Outcome.Void })?.Receipt is { } named)
        {
            var error = Assert.Throws<UnsendableBatchException>(() => encoder.Encode(batch.Stored, batch.Rows, _ => null, _ => null));
            Assert.Contains("has lost the tariff", error.Message);
        }
    });

    private static void ForAnyBatch(Action<RandomBatch> property) => Prop
        .ForAll(Gen.Choose(0, int.MaxValue).ToArbitrary(), seed => property(new RandomBatch(seed)))
        .Check(Config.QuickThrowOnFailure.WithMaxTest(200));

    private static Mqtt.Contracts.BatchMessage Encode(RandomBatch batch, OwnUse ownUse) =>
        new BatchEncoder(ownUse).Encode(batch.Stored, batch.Rows, batch.FindTariff, batch.FindSchedule);

    private static BatchDecoder Send(RandomBatch batch, OwnUse ownUse) => BatchDecoder.Parse(Encode(batch, ownUse).ToByteArray());
}
