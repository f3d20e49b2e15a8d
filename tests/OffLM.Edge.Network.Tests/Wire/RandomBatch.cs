using OffLM.Edge.Metering;
using OffLM.Edge.Metering.Batches;
using OffLM.Edge.Metering.Receipts;
using OffLM.Edge.Metering.Tariffs;
using OffLM.Edge.Signing;
using OffLM.Edge.Signing.TypedStructs;

namespace OffLM.Edge.Network.Tests.Wire;

/// <summary>A batch with anything in it that a ledger may hold: any times, any amounts, own use, void and collapsed rows.</summary>
internal sealed class RandomBatch
{
    private readonly Random _random;
    private readonly Bytes32[] _hashes;
    private readonly Address[] _addresses;

    /// <param name="seed">The same makes the same.</param>
    /// <param name="rows">How many receipts; null for a few.</param>
    /// <param name="inRange">True for numbers that count from 1 to 2⁶³ − 1, as a ledger's do and a collector wants them.</param>
    public RandomBatch(int seed, int? rows = null, bool inRange = false)
    {
        _random = new Random(seed);
        _hashes = [default, .. Enumerable.Range(0, 4).Select(_ => Hash())];
        _addresses = [default, .. Enumerable.Range(0, 4).Select(_ => new Address(Hash().AsSpan()[..20]))];
        Schedule = new Schedule { Providers = Basis(), Validators = Basis(), Burn = Basis(), Treasury = Basis() };
        Tariffs = [.. Enumerable.Range(0, 3).Select(i => Tariff(i == 0 ? TypedStruct.Hash(Schedule) : Pick(_hashes)))];
        var (first, number, closedAt) = inRange ? (Ordinal(), Ordinal(), Number()) : (Number(), Number(), Number());
        Rows = [.. Enumerable.Range(0, rows ?? _random.Next(1, 20)).Select(i => Row(first + (ulong)i))];
        var batch = new ReceiptBatch
        {
            Node = _addresses[1],
            Batch = number,
            Previous = Pick(_hashes),
            FirstSequence = first,
            Count = (uint)Rows.Count,
            Root = new MerkleTree([.. Rows.Select(r => r.Leaf)]).Root,
            Fees = Amount(),
            ClosedAt = closedAt,
            Clock = (ClockSource)_random.Next(3),
            Boot = (uint)_random.Next(),
            KeyClass = (KeyClass)_random.Next(1, 3),
            KeyCounter = (uint)_random.Next(),
        };
        var signature = new byte[RecoverableSignature.Size];
        _random.NextBytes(signature);
        signature[^1] = 27;
        Stored = new(batch, TypedStruct.Hash(batch), new(signature), TypedDomain.Receipts(Number(), Pick(_addresses)), BatchState.Signed, "", 0);
    }

    public StoredBatch Stored { get; }

    public IReadOnlyList<StoredReceipt> Rows { get; }

    public IReadOnlyList<Tariff> Tariffs { get; }

    public Schedule Schedule { get; }

    public Tariff? FindTariff(Bytes32 hash) => Tariffs.FirstOrDefault(t => TypedStruct.Hash(t) == hash);

    public Schedule? FindSchedule(Bytes32 hash) => TypedStruct.Hash(Schedule) == hash ? Schedule : null;

    private StoredReceipt Row(ulong sequence)
    {
        var request = Hash();
        var kind = _random.Next(6);
        var receipt = kind == 0
            ? new Receipt { Sequence = sequence, Request = request, Outcome = Outcome.Void, Tariff = TypedStruct.Hash(Metering.Tariffs.Tariff.Free) }
            : Receipt(sequence, request, ownUse: kind == 1);
        return new(sequence, request, "caller-name", TypedStruct.Hash(receipt), kind == 2 ? null : receipt, null);
    }

    private Receipt Receipt(ulong sequence, Bytes32 request, bool ownUse) => new()
    {
        Sequence = sequence,
        Request = request,
        Origin = Pick(_addresses),
        Payer = ownUse ? default : Pick(_addresses),
        Builder = ownUse ? default : Pick(_addresses),
        Grant = Pick(_hashes),
        Model = Pick(_hashes),
        Adapter = Pick(_hashes),
        Tariff = TypedStruct.Hash(Pick([.. Tariffs])),
        PromptTokens = (uint)Number(),
        CachedTokens = (uint)Number(),
        CompletionTokens = (uint)Number(),
        Outcome = (Outcome)_random.Next(1, 7),
        PromptCommitment = Hash(),
        CompletionCommitment = Hash(),
        Execution = Hash(),
        StartedAt = Number(),
        Clock = (ClockSource)_random.Next(3),
        DurationMs = (uint)Number(),
        EnergyMicrojoules = Number(),
        EnergySource = (EnergySource)_random.Next(4),
        Fee = ownUse ? 0 : Amount(),
        Extension = Pick(_hashes),
    };

    private Tariff Tariff(Bytes32 schedule) => new()
    {
        Parent = Pick(_hashes),
        Currency = Pick(_hashes),
        Input = Amount(),
        CachedInput = Amount(),
        Output = Amount(),
        Flat = Amount(),
        Percent = Basis(),
        Provider = Basis(),
        Model = Basis(),
        Stakers = Basis(),
        Contributors = Basis(),
        Schedule = schedule,
        NetworkFee = Basis(),
        BuilderFee = Basis(),
        Version = Number(),
        ValidFrom = Number(),
    };

    private T Pick<T>(T[] from) => from[_random.Next(from.Length)];

    private ushort Basis() => (ushort)_random.Next(ushort.MaxValue + 1);

    /// <summary>Small, large and extreme ones alike.</summary>
    private ulong Number() => _random.Next(8) switch
    {
        0 => 0,
        1 => ulong.MaxValue,
        _ => (ulong)_random.NextInt64() >> _random.Next(63),
    };

    private ulong Ordinal() => 1 + ((ulong)_random.NextInt64() >> _random.Next(1, 63));

    private UInt128 Amount() => _random.Next(6) switch
    {
        0 => 0,
        1 => UInt128.MaxValue,
        _ => new UInt128(Number(), (ulong)_random.NextInt64()) >> _random.Next(127),
    };

    private Bytes32 Hash()
    {
        var bytes = new byte[Bytes32.Size];
        _random.NextBytes(bytes);
        return new(bytes);
    }
}
