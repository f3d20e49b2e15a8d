using OffLM.Edge.Metering;
using OffLM.Edge.Metering.Batches;
using OffLM.Edge.Metering.Receipts;
using OffLM.Edge.Metering.Tariffs;
using OffLM.Edge.Signing;
using OffLM.Edge.Signing.TypedStructs;

namespace OffLM.Edge.Tests.Settlement;

/// <summary>The state directory of a node that served for weeks without a network: signed receipts, two of three of a guest's.</summary>
internal static class Backlog
{
    private const ulong StartedAt = 1_790_000_000_000;

    /// <summary>Enough that commits are large.</summary>
    private const int Chunk = 4000;

    private static readonly Tariff Paid = Tariff.Free with
    {
        Input = 200_000_000_000_000_000,
        Output = 400_000_000_000_000_003,
        Flat = 500_000_000_000_000_000,
        Version = 1,
        Schedule = TypedStruct.Hash(Schedule.Depin),
    };

    private static readonly Address Payer = Address.Parse("0x0000000000000000000000000000000000000a11");

    /// <summary>Makes the node's key and ledger where a node looks for them.</summary>
    public static async Task WriteAsync(string state, int receipts)
    {
        var keyPath = Path.Combine(state, "keys", "node.json");
        using var key = KeyFile.Create(keyPath, KeyPassword.CreateBeside(keyPath).Value);
        using var ledger = Ledger.Open(Path.Combine(state, "ledger.db"), TimeProvider.System);
        await ledger.RecoverAsync();
        await ledger.SetNodeAddressAsync(key.Address);
        var (paid, free) = (await ledger.AddTariffAsync(Paid, Schedule.Depin), await ledger.AddTariffAsync(Tariff.Free));
        var sealer = new BatchSealer(ledger, TypedDomain.TestNetwork, 1, () => (StartedAt, ClockSource.NetworkTime));
        foreach (var chunk in Enumerable.Range(0, receipts).Chunk(Chunk))
        {
            await Task.WhenAll(chunk.Select(i => AppendAsync(ledger, i % 3 == 0 ? NewHold(free) : NewHold(paid) with { Payer = Payer, Caller = "guest" })));
            await sealer.SealAllAsync(key, CancellationToken.None);
        }
    }

    private static async Task AppendAsync(Ledger ledger, Hold hold)
    {
        await ledger.HoldAsync(hold);
        await ledger.AppendAsync(hold.Request, new(Outcome.Stop, 7, 50, Bytes32.Random(), null, 1200, 12_345, EnergySource.PowerRail));
    }

    private static Hold NewHold(Bytes32 tariff) => new()
    {
        Request = Bytes32.Random(),
        Model = Keccak256.Hash("a model"u8),
        Tariff = tariff,
        PromptTokens = 100,
        TokenLimit = 10_000,
        PromptCommitment = Bytes32.Random(),
        PromptSalt = Bytes32.Random(),
        CompletionSalt = Bytes32.Random(),
        ExecutionSalt = Bytes32.Random(),
        ExecutionRecord = """{"seed":"1"}""",
        StartedAt = StartedAt,
        Clock = ClockSource.NetworkTime,
    };
}
