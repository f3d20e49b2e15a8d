using OffLM.Edge.Metering.Batches;
using OffLM.Edge.Metering.Interop.Sqlite;
using OffLM.Edge.Metering.Receipts;
using OffLM.Edge.Metering.Tariffs;
using OffLM.Edge.Signing;
using OffLM.Edge.Tests.Shared;

namespace OffLM.Edge.Metering.Tests.Ledgers;

/// <summary>A real ledger in a folder of its own, and the few steps that most tests take with it.</summary>
internal sealed class TestLedger : IDisposable
{
    /// <summary>1 atto per prompt token, 2 per completion token, 100 for the platform.</summary>
    public static readonly Tariff Paid = Tariff.Free with { Input = 1000, CachedInput = 500, Output = 2000, Flat = 100, Version = 1 };

    private readonly TempFolder _folder = new();

    private TestLedger()
    {
    }

    public string Path => _folder.File("ledger.db");

    public ManualTime Time { get; } = new();

    public Ledger Ledger { get; private set; } = null!;

    public KeyFileKey Key { get; } = TestKey();

    public Bytes32 TariffHash { get; private set; }

    public static async Task<TestLedger> OpenAsync(string? vfs = null)
    {
        var test = new TestLedger();
        test.Ledger = Ledger.Open(test.Path, test.Time, vfs);
        test.TariffHash = await test.Ledger.AddTariffAsync(Paid);
        return test;
    }

    /// <summary>A ledger on a copy of this one's file as it is now: the same node, restored from a backup.</summary>
    public async Task<TestLedger> RestoredCopyAsync()
    {
        Assert.True(await Ledger.FoldAsync());
        var copy = new TestLedger();
        File.Copy(Path, copy.Path);
        copy.Ledger = Ledger.Open(copy.Path, copy.Time);
        copy.TariffHash = TariffHash;
        return copy;
    }

    public static KeyFileKey TestKey() => new("test", [.. Enumerable.Repeat((byte)7, 32)]);

    public static Closing End(uint completion, Outcome outcome = Outcome.Stop, uint cached = 0) =>
        new(outcome, cached, completion, Keccak256.Hash("text"u8), null, 10, 20, EnergySource.Simulated);

    public static Checkpoint At(Hold hold, uint completion, string text, uint cached = 0)
    {
        var commitment = Commitment.Begin(hold.CompletionSalt);
        commitment.Append(text);
        return new(hold.Request, cached, completion, commitment.Save(), 5, 6, EnergySource.Simulated);
    }

    public Hold NewHold(string caller = "alice", uint prompt = 10, uint limit = 100, Bytes32? request = null) => new()
    {
        Request = request ?? Bytes32.Random(),
        Caller = caller,
        Payer = Key.Address,
        Tariff = TariffHash,
        PromptTokens = prompt,
        TokenLimit = limit,
        PromptSalt = Bytes32.Random(),
        CompletionSalt = Bytes32.Random(),
        ExecutionSalt = Bytes32.Random(),
        ExecutionRecord = """{"seed":1}""",
        StartedAt = 1_700_000_000_000,
        Clock = ClockSource.NetworkTime,
        Boot = 1,
    };

    /// <summary>A hold and its receipt.</summary>
    public async Task<Receipt> ServeAsync(uint completion = 5, string caller = "alice", Hold? hold = null)
    {
        hold = await Ledger.HoldAsync(hold ?? NewHold(caller));
        return await Ledger.AppendAsync(hold.Request, End(completion));
    }

    /// <summary>A hold and its receipt that nobody owes for.</summary>
    public async Task<Receipt> ServeOwnUseAsync()
    {
        var free = await Ledger.AddTariffAsync(Tariff.Free);
        return await ServeAsync(hold: NewHold("") with { Tariff = free, Payer = Address.Zero });
    }

    public BatchSeal Seal(ulong closedAt = 1000) => new(Key.Address, KeyClass.KeyFile, 0, closedAt, ClockSource.NetworkTime, 1, TypedDomain.TestNetwork);

    /// <summary>Signs the open receipts.</summary>
    public async Task<StoredBatch> SignAsync(ulong closedAt = 1000)
    {
        var batch = await Ledger.PrepareBatchAsync(Seal(closedAt));
        return await Ledger.StoreBatchAsync(batch!, await SignatureOf(batch!), TypedDomain.TestNetwork);
    }

    public ValueTask<RecoverableSignature> SignatureOf(ReceiptBatch batch) =>
        Key.SignAsync(TypedDomain.TestNetwork.Digest(Signing.TypedStructs.TypedStruct.Hash(batch)), default);

    /// <summary>Runs SQL behind the ledger's back, as a fault or a vandal would.</summary>
    public void Vandalise(string sql)
    {
        using var connection = SqliteConnection.Open(Path);
        connection.Execute(sql);
    }

    public void Reopen(string? vfs = null)
    {
        Ledger.Dispose();
        Ledger = Ledger.Open(Path, Time, vfs);
    }

    public LedgerReport Check() => LedgerCheck.Full(Path);

    public void Dispose()
    {
        Ledger.Dispose();
        Key.Dispose();
        _folder.Dispose();
    }
}
