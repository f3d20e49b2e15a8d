using System.Text;
using OffLM.Edge.Metering.Batches;
using OffLM.Edge.Metering.Receipts;
using OffLM.Edge.Metering.Tariffs;
using OffLM.Edge.Signing;
using OffLM.Edge.Signing.TypedStructs;

namespace OffLM.Fleet.Tests.Support;

/// <summary>A node that signs what a test wants, honest or not.</summary>
internal sealed class TestNode(string name, uint boot = 1)
{
    public const ulong Day = 86_400_000;
    public const ulong Noon = (20_000 * Day) + (Day / 2);

    private readonly KeyFileKey _key = new("test", Keccak256.Hash(Encoding.UTF8.GetBytes(name)).ToArray());
    private ulong _receipts;

    /// <summary>The last batch's hash; settable, for a node that lost its newest state.</summary>
    public Bytes32 Previous { get; set; }

    public ulong Batches { get; set; }

    public ulong NextSequence { get; set; } = 1;

    public Address Address => _key.Address;

    public KeyFileKey Key => _key;

    /// <summary>A payer, builder or model of the tests.</summary>
    public static Address Party(string name) => new(Keccak256.Hash(Encoding.UTF8.GetBytes(name)).AsSpan()[..20]);

    /// <summary>Receipts that follow; every third is the household's own.</summary>
    public List<Receipt> Serve(int count, Func<Receipt, Receipt>? change = null) =>
        [.. Enumerable.Range(0, count).Select(i => Priced((change ?? (r => r))(NewReceipt(NextSequence + (ulong)i))))];

    /// <summary>The fee that its tariff says.</summary>
    public static Receipt Priced(Receipt receipt) =>
        Prices.ByHash.TryGetValue(receipt.Tariff, out var tariff) && receipt.CachedTokens <= receipt.PromptTokens ? receipt with { Fee = Fee.Of(tariff, receipt).Total } : receipt;

    /// <summary>The next batch of the chain.</summary>
    /// <param name="receipts">What it holds.</param>
    /// <param name="change">Changes it before it is signed.</param>
    /// <param name="discloseOwnUse">Whether own use is sent in full.</param>
    /// <param name="domain">The network; the test network if none is given.</param>
    public SignedMessage Sign(
        IReadOnlyList<Receipt> receipts, Func<ReceiptBatch, ReceiptBatch>? change = null, bool discloseOwnUse = false, TypedDomain? domain = null)
    {
        var batch = new ReceiptBatch
        {
            Node = Address,
            Batch = Batches + 1,
            Previous = Previous,
            FirstSequence = NextSequence,
            Count = (uint)receipts.Count,
            Root = new MerkleTree([.. receipts.Select(r => TypedStruct.Hash(r))]).Root,
            Fees = receipts.Aggregate(UInt128.Zero, (sum, r) => sum + r.Fee),
            ClosedAt = Noon + 60_000,
            Clock = ClockSource.NetworkTime,
            Boot = boot,
            KeyClass = KeyClass.KeyFile,
        };
        batch = change?.Invoke(batch) ?? batch;
        var message = Encode(batch, receipts, discloseOwnUse, domain ?? TypedDomain.TestNetwork);
        (Batches, Previous, NextSequence) = (batch.Batch, message.Hash, batch.FirstSequence + batch.Count);
        return message;
    }

    /// <summary>The next batch, of receipts made here.</summary>
    public SignedMessage Next(int count = 3, Func<Receipt, Receipt>? receipt = null, Func<ReceiptBatch, ReceiptBatch>? batch = null) =>
        Sign(Serve(count, receipt), batch);

    /// <summary>A chain of batches.</summary>
    public List<SignedMessage> Chain(int length, int count = 3) => [.. Enumerable.Range(0, length).Select(_ => Next(count))];

    /// <summary>Goes back to an earlier state, as a box does that is restored from a copy.</summary>
    public void RestoreTo(SignedMessage batch) =>
        (Batches, Previous, NextSequence) = (batch.Batch.Batch, batch.Hash, batch.Batch.FirstSequence + batch.Batch.Count);

    private SignedMessage Encode(ReceiptBatch batch, IReadOnlyList<Receipt> receipts, bool discloseOwnUse, TypedDomain domain)
    {
        var signature = _key.SignAsync(domain.Digest(TypedStruct.Hash(batch)), default).Result;
        var entries = receipts.Select(r => r.IsOwnUse && !discloseOwnUse ? (null, TypedStruct.Hash(r)) : ((Receipt?)r, default(Bytes32))).ToList();
        var tariffs = entries.Select(e => e.Item1?.Tariff).OfType<Bytes32>().Distinct().Where(Prices.ByHash.ContainsKey).Select(h => Prices.ByHash[h]).ToList();
        return new(batch, receipts, MessageEncoder.Encode(domain, batch, signature, entries, tariffs, tariffs.Contains(Prices.Paid) ? [Prices.Schedule] : []));
    }

    private Receipt NewReceipt(ulong sequence)
    {
        var i = _receipts++;
        var own = i % 3 == 2;
        return new()
        {
            Sequence = sequence,
            Request = Keccak256.Hash(Address.AsSpan(), BitConverter.GetBytes(i)),
            Payer = own ? default : Party("payer"),
            Builder = own || i % 2 == 0 ? default : Party("builder"),
            Model = Keccak256.Hash("model"u8),
            Tariff = own ? Prices.FreeHash : Prices.PaidHash,
            PromptTokens = 100 + (uint)(i % 50),
            CachedTokens = (uint)(i % 7),
            CompletionTokens = 50 + (uint)(i % 90),
            Outcome = Outcome.Stop,
            PromptCommitment = Keccak256.Hash("prompt"u8),
            CompletionCommitment = Keccak256.Hash("completion"u8),
            Execution = Keccak256.Hash("execution"u8),
            StartedAt = Noon + i,
            Clock = ClockSource.NetworkTime,
            DurationMs = 1200,
            EnergyMicrojoules = 12_345,
            EnergySource = EnergySource.PowerRail,
        };
    }
}
