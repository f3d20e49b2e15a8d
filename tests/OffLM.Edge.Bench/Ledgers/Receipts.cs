using OffLM.Edge.Metering;
using OffLM.Edge.Metering.Receipts;
using OffLM.Edge.Metering.Tariffs;
using OffLM.Edge.Signing;

namespace OffLM.Edge.Bench.Ledgers;

/// <summary>Holds and closings as an ordinary household has them, written through the ledger's own door.</summary>
internal static class Receipts
{
    /// <summary>As long as a real one.</summary>
    private const string Record =
        """{"alone":true,"engine":"onnxruntime-genai","engineVersion":"sha256:0123456789abcdef (onnxruntime 1.29.0)","features":"avx2","maxTokens":256,"prefill":[32],"provider":"CPU","reused":0,"sampler":{"minP":0,"temperature":1,"topK":0,"topP":1},"seed":"1234567890123456789","stop":[]}""";

    private static readonly Bytes32 Model = Keccak256.Hash("a model"u8);
    private static readonly Bytes32 Text = Keccak256.Hash("a text"u8);

    private static readonly Address[] Guests = [.. Enumerable.Range(1, 5).Select(n => new Address(Keccak256.Hash([(byte)n]).AsSpan()[..Address.Size]))];

    /// <summary>What guests pay; the golden case of the economics.</summary>
    public static Tariff Prices { get; } = Tariff.Free with
    {
        Input = 200_000_000_000_000_000,
        Output = 400_000_000_000_000_000,
        Flat = 500_000_000_000_000_000,
        Version = 1,
    };

    /// <summary>A new hold of the household's own use.</summary>
    /// <param name="tariff">The free tariff's hash.</param>
    public static Hold NewHold(Bytes32 tariff) => new()
    {
        Request = RequestName.Next(),
        Model = Model,
        Tariff = tariff,
        PromptTokens = 123,
        TokenLimit = 256,
        PromptCommitment = Text,
        PromptSalt = Bytes32.Random(),
        CompletionSalt = Bytes32.Random(),
        ExecutionSalt = Bytes32.Random(),
        ExecutionRecord = Record,
        StartedAt = 1_790_000_000_000,
        Clock = ClockSource.NetworkTime,
        Boot = 1,
    };

    /// <summary>What closes such a hold.</summary>
    public static Closing NewClosing() => new(Outcome.Stop, 0, 200, Text, Record, 4321, 0, EnergySource.NotMeasured);

    /// <summary>Makes the free tariff known.</summary>
    public static Task<Bytes32> AddTariffAsync(Ledger ledger) => ledger.AddTariffAsync(Tariff.Free);

    /// <summary>Durable holds, ready to be closed.</summary>
    public static async Task<IReadOnlyList<Hold>> HoldAsync(Ledger ledger, Bytes32 tariff, int count, bool paid = false) =>
        await Task.WhenAll(Enumerable.Range(0, count).Select(_ => ledger.HoldAsync(paid ? OfGuest(NewHold(tariff)) : NewHold(tariff))));

    private static Hold OfGuest(Hold hold) => hold with
    {
        Payer = Guests[Random.Shared.Next(Guests.Length)],
        PromptTokens = (uint)Random.Shared.Next(20, 900),
        PromptCommitment = Bytes32.Random(),
        StartedAt = hold.StartedAt + (ulong)Random.Shared.Next(60_000),
    };
}
