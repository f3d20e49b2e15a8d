using System.Buffers.Binary;
using Google.Protobuf;
using OffLM.Edge.Metering.Batches;
using OffLM.Edge.Metering.Receipts;
using OffLM.Edge.Metering.Tariffs;
using OffLM.Edge.Signing;
using OffLM.Edge.Signing.TypedStructs;
using OffLM.Mqtt.Contracts;

namespace OffLM.Edge.Network.Tests.Wire;

/// <summary>Reads a batch message with nothing but the contract, as a collector does.</summary>
internal sealed class BatchDecoder
{
    private readonly BatchMessage _message;

    public BatchDecoder(BatchMessage message)
    {
        _message = message;
        Domain = TypedDomain.Receipts(message.ChainId, new(message.VerifyingContract.Span));
        Signature = new(message.Signature.Span);
        Batch = new ReceiptBatch
        {
            Node = new(message.Node.Span),
            Batch = message.Batch,
            Previous = message.Previous.IsEmpty ? default : new(message.Previous.Span),
            FirstSequence = message.FirstSequence,
            Count = (uint)message.Entries.Count,
            Root = new(message.Root.Span),
            Fees = Amount(message.Fees),
            ClosedAt = message.ClosedAt,
            Clock = (ClockSource)message.Clock,
            Boot = message.Boot,
            KeyClass = (KeyClass)message.KeyClass,
            KeyCounter = message.KeyCounter,
        };
        Receipts = [.. message.Entries.Select((entry, i) => entry.ContentCase == Entry.ContentOneofCase.Receipt ? Receipt(entry.Receipt, message.FirstSequence + (ulong)i) : null)];
        Leaves = [.. message.Entries.Select((entry, i) => Receipts[i] is { } receipt ? TypedStruct.Hash(receipt) : new Bytes32(entry.Leaf.Span))];
        Tariffs = [.. message.Tariffs.Select(Tariff)];
        Schedules = [.. message.Schedules.Select(s => new Schedule
        {
            Providers = (ushort)s.Providers,
            Validators = (ushort)s.Validators,
            Burn = (ushort)s.Burn,
            Treasury = (ushort)s.Treasury,
        })];
    }

    public TypedDomain Domain { get; }

    public RecoverableSignature Signature { get; }

    public ReceiptBatch Batch { get; }

    /// <summary>One for each entry; null for a hidden one.</summary>
    public IReadOnlyList<Receipt?> Receipts { get; }

    public Bytes32[] Leaves { get; }

    public IReadOnlyList<Tariff> Tariffs { get; }

    public IReadOnlyList<Schedule> Schedules { get; }

    public Bytes32 Hash => TypedStruct.Hash(Batch);

    /// <summary>True if the batch is signed by its node over exactly these entries.</summary>
    public bool IsProven => new MerkleTree(Leaves).Root == Batch.Root && Signature.Recover(Domain.Digest(Hash)) == Batch.Node;

    public static BatchDecoder Parse(ReadOnlySpan<byte> payload) => new(BatchMessage.Parser.ParseFrom(payload));

    private static UInt128 Amount(ByteString bytes)
    {
        Span<byte> whole = stackalloc byte[16];
        bytes.Span.CopyTo(whole[(16 - bytes.Length)..]);
        return BinaryPrimitives.ReadUInt128BigEndian(whole);
    }

    private Bytes32 Hash32(uint word) => word == 0 ? default : new(_message.Words[(int)word - 1].Span);

    private Address Address20(uint word) => word == 0 ? default : new(_message.Words[(int)word - 1].Span);

    private Receipt Receipt(ReceiptMessage r, ulong sequence) => new()
    {
        Sequence = sequence,
        Request = new(r.Request.Span),
        Origin = Address20(r.OriginWord),
        Payer = Address20(r.PayerWord),
        Builder = Address20(r.BuilderWord),
        Grant = Hash32(r.GrantWord),
        Model = Hash32(r.ModelWord),
        Adapter = Hash32(r.AdapterWord),
        Tariff = Hash32(r.TariffWord),
        PromptTokens = r.PromptTokens,
        CachedTokens = r.CachedTokens,
        CompletionTokens = r.CompletionTokens,
        Outcome = (Outcome)r.Outcome,
        PromptCommitment = new(r.PromptCommitment.Span),
        CompletionCommitment = new(r.CompletionCommitment.Span),
        Execution = new(r.Execution.Span),
        StartedAt = unchecked(_message.ClosedAt - (ulong)r.StartedBeforeClose),
        Clock = (ClockSource)r.Clock,
        DurationMs = r.DurationMs,
        EnergyMicrojoules = r.EnergyMicrojoules,
        EnergySource = (EnergySource)r.EnergySource,
        Fee = Amount(r.Fee),
        Extension = Hash32(r.ExtensionWord),
    };

    private Tariff Tariff(TariffMessage t) => new()
    {
        Parent = Hash32(t.ParentWord),
        Currency = Hash32(t.CurrencyWord),
        Input = Amount(t.Input),
        CachedInput = Amount(t.CachedInput),
        Output = Amount(t.Output),
        Flat = Amount(t.Flat),
        Percent = (ushort)t.Percent,
        Provider = (ushort)t.Provider,
        Model = (ushort)t.Model,
        Stakers = (ushort)t.Stakers,
        Contributors = (ushort)t.Contributors,
        Schedule = Hash32(t.ScheduleWord),
        NetworkFee = (ushort)t.NetworkFee,
        BuilderFee = (ushort)t.BuilderFee,
        Version = t.Version,
        ValidFrom = t.ValidFrom,
    };
}
