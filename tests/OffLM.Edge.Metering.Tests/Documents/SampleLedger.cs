using OffLM.Edge.Metering.Batches;
using OffLM.Edge.Metering.Documents;
using OffLM.Edge.Metering.Interop.Sqlite;
using OffLM.Edge.Metering.Receipts;
using OffLM.Edge.Metering.Tariffs;
using OffLM.Edge.Signing;
using OffLM.Edge.Signing.TypedStructs;

namespace OffLM.Edge.Metering.Tests;

/// <summary>A real ledger with paid and own-use receipts in signed batches, in a folder that is gone afterwards.</summary>
internal sealed class SampleLedger : IDisposable
{
    /// <summary>A paid tariff.</summary>
    public static readonly Tariff Paid = new()
    {
        Currency = Keccak256.Hash("OFFLM"u8),
        Input = 200_000_000_000_000_000,
        CachedInput = 50_000_000_000_000_001,
        Output = 400_000_000_000_000_003,
        Flat = 500_000_000_000_000_000,
        Percent = 333,
        Model = 7000,
        Stakers = 1000,
        Contributors = 2000,
        Version = 1,
    };

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("offlm-documents-");
    private readonly KeyFileKey _key = new("test", Keccak256.Hash("a key for tests"u8).ToArray());
    private readonly Ledger _ledger;
    private ulong _count;

    private SampleLedger() => _ledger = Ledger.Open(Path, TimeProvider.System);

    public string Path => File("ledger.db");

    public Address Node => _key.Address;

    public Ledger Ledger => _ledger;

    /// <summary>Two tariffs and a batch of each given size; every third receipt is the household's own.</summary>
    public static async Task<SampleLedger> CreateAsync(params int[] sizes)
    {
        var sample = new SampleLedger();
        await sample._ledger.AddTariffAsync(Paid);
        await sample._ledger.AddTariffAsync(Tariff.Free);
        foreach (var size in sizes)
        {
            for (var i = 0; i < size; i++)
            {
                await sample.AppendAsync();
            }

            await sample.SignAsync();
        }

        return sample;
    }

    /// <summary>A file in the ledger's folder.</summary>
    public string File(string name) => System.IO.Path.Combine(_folder.FullName, name);

    public async Task<Receipt> AppendAsync()
    {
        var i = _count++;
        var own = i % 3 == 2;
        var hold = new Hold
        {
            Request = Keccak256.Hash(BitConverter.GetBytes(i)),
            Payer = own ? default : new Address(Keccak256.Hash("payer"u8).AsSpan()[..20]),
            Builder = own || i % 2 == 0 ? default : new Address(Keccak256.Hash("builder"u8).AsSpan()[..20]),
            Model = Keccak256.Hash("model"u8),
            Tariff = TypedStruct.Hash(own ? Tariff.Free : Paid),
            PromptTokens = 100 + (uint)i,
            TokenLimit = 10_000,
            PromptCommitment = Keccak256.Hash("prompt"u8),
            PromptSalt = Bytes32.Random(),
            CompletionSalt = Bytes32.Random(),
            ExecutionSalt = Bytes32.Random(),
            ExecutionRecord = "{\"seed\":\"1\"}",
            StartedAt = 1_790_000_000_000 + i,
            Clock = ClockSource.NetworkTime,
        };
        await _ledger.HoldAsync(hold);
        var closing = new Closing(Outcome.Stop, (uint)i % 7, 50 + (uint)i, Keccak256.Hash("text"u8), null, 1200, 12_345, EnergySource.PowerRail);

        // Every fifth has vectors instead of text.
        return await _ledger.AppendAsync(hold.Request, i % 5 == 3 ? closing with { CompletionTokens = 0, Extension = EmbeddingMark.Extension } : closing);
    }

    /// <summary>Signs all open receipts, for the test network if none is given.</summary>
    public async Task<StoredBatch> SignAsync(TypedDomain? domain = null)
    {
        domain ??= TypedDomain.TestNetwork;
        var batch = await _ledger.PrepareBatchAsync(new(_key.Address, KeyClass.KeyFile, 0, 1_790_000_123_456, ClockSource.NetworkTime, 3, domain));
        var signature = await _key.SignAsync(domain.Digest(TypedStruct.Hash(batch!)), default);
        return await _ledger.StoreBatchAsync(batch!, signature, domain);
    }

    /// <summary>Changes rows behind the ledger's back, as a failing disk would.</summary>
    public void Damage(string sql)
    {
        using var connection = SqliteConnection.Open(Path);
        connection.Execute(sql);
    }

    public async Task<(byte[] Document, ExportSummary Summary)> ExportAsync(ExportOptions? options = null)
    {
        using var reader = _ledger.Read();
        using var stream = new MemoryStream();
        var summary = await ExportWriter.WriteAsync(reader, stream, options ?? new(), default);
        return (stream.ToArray(), summary);
    }

    public static Task<VerificationResult> VerifyAsync(byte[] document) => ExportVerifier.VerifyAsync(new MemoryStream(document), default);

    public void Dispose()
    {
        _ledger.Dispose();
        _key.Dispose();
        _folder.Delete(recursive: true);
    }
}
