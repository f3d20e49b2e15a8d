using System.Text;
using Google.Protobuf;
using OffLM.Edge.Metering;
using OffLM.Edge.Metering.Batches;
using OffLM.Edge.Metering.Receipts;
using OffLM.Edge.Metering.Tariffs;
using OffLM.Edge.Network.Wire;
using OffLM.Edge.Signing;
using OffLM.Edge.Signing.TypedStructs;
using OffLM.Mqtt;

namespace OffLM.Edge.Network.Tests.Wire;

/// <summary>What a receipt costs on a metered link.</summary>
public sealed class BatchSizeTests(Xunit.Abstractions.ITestOutputHelper output)
{
    /// <summary>PUBLISH: type, remaining length, topic length, packet id, property length, and a content type among the properties.</summary>
    private const int MqttHeader = 1 + 4 + 2 + 2 + 1 + 32;

    [Fact]
    public void M16_A_receipt_in_a_full_batch_takes_at_most_200_bytes_with_all_that_surrounds_it()
    {
        var payload = new BatchEncoder(OwnUse.Leaf).Encode(FullBatch(), Rows, hash => Tariffs.First(t => TypedStruct.Hash(t) == hash), _ => Schedule.Depin).CalculateSize();
        var topic = new Topics("a-fleet-with-a-long-name", Node.ToLowerString()).ReceiptBatch;
        var perReceipt = (double)(payload + Encoding.UTF8.GetByteCount(topic) + MqttHeader) / ReceiptBatch.MaxReceipts;

        output.WriteLine($"{perReceipt:0.0} bytes a receipt, {payload} bytes a batch");
        Assert.InRange(perReceipt, 150, 200);
    }

    private static readonly Address Node = new(Keccak256.Hash("node"u8).AsSpan()[..20]);

    private static readonly Tariff[] Tariffs =
    [
        .. Enumerable.Range(1, 2).Select(i => Tariff.Free with
        {
            Input = 200_000_000_000_000_000,
            CachedInput = 50_000_000_000_000_000,
            Output = 400_000_000_000_000_000,
            Flat = 500_000_000_000_000_000,
            Percent = 333,
            Provider = 0,
            Model = 7000,
            Stakers = 1000,
            Contributors = 2000,
            Schedule = TypedStruct.Hash(Schedule.Depin),
            Version = (ulong)i,
            ValidFrom = 1_790_000_000_000,
        }),
    ];

    /// <summary>Two models, eight payers, two builders, two tariffs; lengths, times and joules as a busy node has them.</summary>
    private static readonly StoredReceipt[] Rows = [.. Enumerable.Range(0, ReceiptBatch.MaxReceipts).Select(Row)];

    private static StoredReceipt Row(int i)
    {
        var random = new Random(i);
        var prompt = (uint)random.Next(20, 8000);
        var receipt = new Receipt
        {
            Sequence = 1_000_001 + (ulong)i,
            Request = Named("request", i),
            Payer = new(Named("payer", i % 8).AsSpan()[..20]),
            Builder = i % 3 == 0 ? new(Named("builder", i % 2).AsSpan()[..20]) : default,
            Model = Named("model", i % 2),
            Tariff = TypedStruct.Hash(Tariffs[i % 2]),
            PromptTokens = prompt,
            CachedTokens = i % 2 == 0 ? (uint)random.Next((int)prompt) : 0,
            CompletionTokens = (uint)random.Next(1, 2000),
            Outcome = (Outcome)random.Next(1, 4),
            PromptCommitment = Named("prompt", i),
            CompletionCommitment = Named("completion", i),
            Execution = Named("execution", i),
            StartedAt = 1_790_000_000_000 + (ulong)random.Next(60_000),
            Clock = ClockSource.NetworkTime,
            DurationMs = (uint)random.Next(300, 60_000),
            EnergyMicrojoules = (ulong)random.NextInt64(100_000, 900_000_000),
            EnergySource = EnergySource.PowerRail,
            Fee = (UInt128)random.NextInt64(500_000_000_000_000_000, long.MaxValue),
        };
        return new(receipt.Sequence, receipt.Request, "", TypedStruct.Hash(receipt), receipt, null);
    }

    private static StoredBatch FullBatch()
    {
        var batch = new ReceiptBatch
        {
            Node = Node,
            Batch = 3907,
            Previous = Named("previous", 0),
            FirstSequence = Rows[0].Sequence,
            Count = (uint)Rows.Length,
            Root = new MerkleTree([.. Rows.Select(r => r.Leaf)]).Root,
            Fees = Rows.Aggregate(UInt128.Zero, (sum, r) => sum + r.Receipt!.Fee),
            ClosedAt = 1_790_000_060_000,
            Clock = ClockSource.NetworkTime,
            Boot = 41,
            KeyClass = KeyClass.SmartCard,
            KeyCounter = 3907,
        };
        var signature = new byte[RecoverableSignature.Size];
        new Random(1).NextBytes(signature);
        signature[^1] = 28;
        return new(batch, TypedStruct.Hash(batch), new(signature), TypedDomain.TestNetwork, BatchState.Signed, "", 0);
    }

    private static Bytes32 Named(string name, int i) => Keccak256.Hash(Encoding.UTF8.GetBytes($"{name} {i}"));
}
