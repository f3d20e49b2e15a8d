using System.Buffers.Binary;
using Google.Protobuf;
using OffLM.Edge.Metering.Batches;
using OffLM.Edge.Metering.Receipts;
using OffLM.Edge.Metering.Tariffs;
using OffLM.Edge.Signing;
using OffLM.Mqtt.Contracts;

namespace OffLM.Fleet.Tests.Support;

/// <summary>Writes batch messages as the contract says: a second implementation beside the node's.</summary>
internal static class MessageEncoder
{
    public static BatchMessage Encode(
        TypedDomain domain, ReceiptBatch batch, RecoverableSignature signature, IEnumerable<(Receipt? Receipt, Bytes32 Leaf)> entries,
        IEnumerable<Tariff> tariffs, IEnumerable<Schedule> schedules)
    {
        var words = new Words();
        var message = new BatchMessage
        {
            ChainId = domain.ChainId,
            VerifyingContract = Bytes(domain.VerifyingContract.AsSpan()),
            Node = Bytes(batch.Node.AsSpan()),
            Batch = batch.Batch,
            Previous = batch.Previous.IsZero ? ByteString.Empty : Bytes(batch.Previous.AsSpan()),
            FirstSequence = batch.FirstSequence,
            Root = Bytes(batch.Root.AsSpan()),
            Fees = Amount(batch.Fees),
            ClosedAt = batch.ClosedAt,
            Clock = (uint)batch.Clock,
            Boot = batch.Boot,
            KeyClass = (uint)batch.KeyClass,
            KeyCounter = batch.KeyCounter,
            Signature = Bytes(signature.AsSpan()),
        };
        message.Entries.AddRange(entries.Select(e => e.Receipt is { } r ? new Entry { Receipt = Encode(r, batch, words) } : new Entry { Leaf = Bytes(e.Leaf.AsSpan()) }));
        message.Tariffs.AddRange(tariffs.Select(t => Encode(t, words)));
        message.Schedules.AddRange(schedules.Select(s => new ScheduleMessage { Providers = s.Providers, Validators = s.Validators, Burn = s.Burn, Treasury = s.Treasury }));
        message.Words.AddRange(words.All);
        return message;
    }

    public static ByteString Amount(UInt128 value)
    {
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, value);
        return Bytes(bytes.TrimStart((byte)0));
    }

    public static ByteString Bytes(ReadOnlySpan<byte> bytes) => ByteString.CopyFrom(bytes);

    private static ReceiptMessage Encode(Receipt r, ReceiptBatch batch, Words words) => new()
    {
        Request = Bytes(r.Request.AsSpan()),
        PromptCommitment = Bytes(r.PromptCommitment.AsSpan()),
        CompletionCommitment = Bytes(r.CompletionCommitment.AsSpan()),
        Execution = Bytes(r.Execution.AsSpan()),
        ModelWord = words.Of(r.Model),
        TariffWord = words.Of(r.Tariff),
        PayerWord = words.Of(r.Payer),
        BuilderWord = words.Of(r.Builder),
        PromptTokens = r.PromptTokens,
        CachedTokens = r.CachedTokens,
        CompletionTokens = r.CompletionTokens,
        Outcome = (uint)r.Outcome,
        StartedBeforeClose = (long)(batch.ClosedAt - r.StartedAt),
        DurationMs = r.DurationMs,
        Fee = Amount(r.Fee),
        EnergyMicrojoules = r.EnergyMicrojoules,
        EnergySource = (uint)r.EnergySource,
        Clock = (uint)r.Clock,
        OriginWord = words.Of(r.Origin),
        GrantWord = words.Of(r.Grant),
        AdapterWord = words.Of(r.Adapter),
        ExtensionWord = words.Of(r.Extension),
    };

    private static TariffMessage Encode(Tariff t, Words words) => new()
    {
        ParentWord = words.Of(t.Parent),
        CurrencyWord = words.Of(t.Currency),
        Input = Amount(t.Input),
        CachedInput = Amount(t.CachedInput),
        Output = Amount(t.Output),
        Flat = Amount(t.Flat),
        Percent = t.Percent,
        Provider = t.Provider,
        Model = t.Model,
        Stakers = t.Stakers,
        Contributors = t.Contributors,
        ScheduleWord = words.Of(t.Schedule),
        NetworkFee = t.NetworkFee,
        BuilderFee = t.BuilderFee,
        Version = t.Version,
        ValidFrom = t.ValidFrom,
    };

    private sealed class Words
    {
        private readonly Dictionary<ByteString, uint> _places = [];

        public List<ByteString> All { get; } = [];

        public uint Of(Bytes32 hash) => hash.IsZero ? 0 : Place(Bytes(hash.AsSpan()));

        public uint Of(Address address) => address.IsZero ? 0 : Place(Bytes(address.AsSpan()));

        private uint Place(ByteString word)
        {
            if (!_places.TryGetValue(word, out var place))
            {
                All.Add(word);
                _places.Add(word, place = (uint)All.Count);
            }

            return place;
        }
    }
}
