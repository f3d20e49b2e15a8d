using OffLM.Edge.Metering;
using OffLM.Edge.Metering.Batches;
using OffLM.Edge.Metering.Receipts;
using OffLM.Edge.Metering.Tariffs;
using OffLM.Edge.Signing;
using OffLM.Edge.Signing.TypedStructs;

namespace OffLM.Edge.Network.Tests.Support;

/// <summary>Writes receipts and signed batches into a ledger, as a node does.</summary>
internal static class SampleLedger
{
    /// <summary>A paid tariff with a schedule.</summary>
    public static readonly Tariff Paid = Tariff.Free with
    {
        Input = 200_000_000_000_000_000,
        Output = 400_000_000_000_000_003,
        Flat = 500_000_000_000_000_000,
        Version = 1,
        Schedule = TypedStruct.Hash(Schedule.Depin),
    };

    public static readonly Address Payer = Address.Parse("0x0000000000000000000000000000000000000a11");

    /// <summary>Appends receipts of paid work, or of the household's own.</summary>
    public static async Task AppendAsync(Ledger ledger, int count, bool ownUse = false)
    {
        var tariff = await (ownUse ? ledger.AddTariffAsync(Tariff.Free) : ledger.AddTariffAsync(Paid, Schedule.Depin));
        await Task.WhenAll(Enumerable.Range(0, count).Select(_ => AppendAsync(ledger, tariff, ownUse)));
    }

    /// <summary>Signs the open receipts, at most a batch of them.</summary>
    public static async Task<StoredBatch> SignAsync(Ledger ledger, ISigningKey? key = null, TypedDomain? domain = null, ulong closedAt = 1_790_000_123_456)
    {
        (key, domain) = (key ?? TestKeys.Node, domain ?? TypedDomain.TestNetwork);
        var batch = await ledger.PrepareBatchAsync(new(key.Address, KeyClass.KeyFile, 0, closedAt, ClockSource.NetworkTime, 3, domain));
        return await ledger.StoreBatchAsync(batch!, await key.SignAsync(domain.Digest(TypedStruct.Hash(batch!)), default), domain);
    }

    /// <summary>Signed batches of so many receipts each.</summary>
    public static async Task<IReadOnlyList<StoredBatch>> FillAsync(Ledger ledger, int batches, int receiptsEach, ISigningKey? key = null)
    {
        var signed = new List<StoredBatch>();
        for (var i = 0; i < batches; i++)
        {
            await AppendAsync(ledger, receiptsEach);
            signed.Add(await SignAsync(ledger, key));
        }

        return signed;
    }

    public static StoredBatch Batch(string path, ulong number)
    {
        using var reader = LedgerReader.Open(path);
        return reader.Batches(number, 1).Single(b => b.Batch.Batch == number);
    }

    public static OutboxSummary Outbox(string path)
    {
        using var reader = LedgerReader.Open(path);
        return reader.Outbox();
    }

    private static async Task AppendAsync(Ledger ledger, Bytes32 tariff, bool ownUse)
    {
        var hold = new Hold
        {
            Request = Bytes32.Random(),
            Caller = ownUse ? "" : "caller-secret",
            Payer = ownUse ? default : Payer,
            Model = Keccak256.Hash("model"u8),
            Tariff = tariff,
            PromptTokens = 100,
            TokenLimit = 10_000,
            PromptCommitment = Bytes32.Random(),
            PromptSalt = Bytes32.Random(),
            CompletionSalt = Bytes32.Random(),
            ExecutionSalt = Bytes32.Random(),
            ExecutionRecord = "{\"seed\":\"1\"}",
            StartedAt = 1_790_000_000_000,
            Clock = ClockSource.NetworkTime,
        };
        await ledger.HoldAsync(hold);
        await ledger.AppendAsync(hold.Request, new(Outcome.Stop, 7, 50, Bytes32.Random(), null, 1200, 12_345, EnergySource.PowerRail));
    }
}
