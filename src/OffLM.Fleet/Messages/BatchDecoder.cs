using Google.Protobuf;
using OffLM.Edge.Metering.Batches;
using OffLM.Edge.Metering.Receipts;
using OffLM.Edge.Metering.Tariffs;
using OffLM.Edge.Signing;
using OffLM.Edge.Signing.TypedStructs;
using OffLM.Mqtt.Contracts;

namespace OffLM.Fleet.Messages;

/// <summary>
/// Takes batch messages apart. Strict: what it lets through has the sizes, indices and ranges that the contract says, and
/// what it doesn't has a named reason. No bytes make it throw.
/// </summary>
internal static class BatchDecoder
{
    /// <summary>Five times what 256 receipts need.</summary>
    public const int MaxMessageBytes = 256 * 1024;

    public static DecodedMessage Decode(ReadOnlySpan<byte> message)
    {
        BatchMessage parsed;
        SignedHeader header;
        try
        {
            parsed = Parse(message);
            header = Header(parsed);
        }
        catch (MalformedMessageException e)
        {
            return new(null, null, e.Message);
        }

        try
        {
            return new(header, Content(parsed, header.Batch), null);
        }
        catch (MalformedMessageException e)
        {
            return new(header, null, e.Message);
        }
    }

    private static BatchMessage Parse(ReadOnlySpan<byte> message)
    {
        if (message.Length > MaxMessageBytes)
        {
            throw new MalformedMessageException($"The message has {message.Length} bytes; at most {MaxMessageBytes} are allowed.");
        }

        try
        {
            return BatchMessage.Parser.ParseFrom(message);
        }
        catch (InvalidProtocolBufferException e)
        {
            throw new MalformedMessageException($"The message is not protobuf: {e.Message}");
        }
    }

    private static SignedHeader Header(BatchMessage message)
    {
        if (message.Entries.Count is 0 or > ReceiptBatch.MaxReceipts)
        {
            throw new MalformedMessageException($"The batch has {message.Entries.Count} entries; expected 1 to {ReceiptBatch.MaxReceipts}.");
        }

        var batch = new ReceiptBatch
        {
            Node = Fields.AddressOf(message.Node, "node"),
            Batch = Fields.Ordinal(message.Batch, "batch"),
            Previous = Fields.HashOrZero(message.Previous, "previous"),
            FirstSequence = Fields.Ordinal(message.FirstSequence, "first_sequence"),
            Count = (uint)message.Entries.Count,
            Root = Fields.Hash(message.Root, "root"),
            Fees = Fields.Amount(message.Fees, "fees"),
            ClosedAt = message.ClosedAt,
            Clock = (ClockSource)Fields.Byte(message.Clock, "clock"),
            Boot = message.Boot,
            KeyClass = (KeyClass)Fields.Byte(message.KeyClass, "key_class"),
            KeyCounter = message.KeyCounter,
        };
        _ = Fields.Ordinal(batch.FirstSequence + batch.Count, "the sequence after the batch");
        if (batch.Batch == 0 || batch.FirstSequence == 0)
        {
            throw new MalformedMessageException($"Batch {batch.Batch} begins with receipt {batch.FirstSequence}; both count from 1.");
        }

        var domain = TypedDomain.Receipts(message.ChainId, Fields.AddressOf(message.VerifyingContract, "verifying_contract"));
        return message.Signature.Length == RecoverableSignature.Size && message.Signature[^1] is 27 or 28
            ? new(domain, batch, TypedStruct.Hash(batch), new RecoverableSignature(message.Signature.Span))
            : throw new MalformedMessageException("The signature is not 65 bytes that end in 27 or 28.");
    }

    private static BatchContent Content(BatchMessage message, ReceiptBatch batch)
    {
        var words = new WordDictionary(message.Words);
        var entries = new BatchEntry[message.Entries.Count];
        for (var i = 0; i < entries.Length; i++)
        {
            entries[i] = message.Entries[i] switch
            {
                { ContentCase: Entry.ContentOneofCase.Leaf, Leaf: var leaf } => new(null, Fields.Hash(leaf, "leaf")),
                { ContentCase: Entry.ContentOneofCase.Receipt, Receipt: var receipt } => new(ReceiptOf(receipt, words, batch, (uint)i), default),
                _ => throw new MalformedMessageException($"Entry {i + 1} is neither a receipt nor a leaf."),
            };
        }

        return new(
            entries,
            Hashed("tariff", message.Tariffs, t => TariffOf(t, words)),
            Hashed("schedule", message.Schedules, ScheduleOf));
    }

    private static Receipt ReceiptOf(ReceiptMessage message, WordDictionary words, ReceiptBatch batch, uint place) =>
        new()
        {
            Sequence = batch.FirstSequence + place,
            Request = Fields.Hash(message.Request, "request"),
            Origin = words.AddressOf(message.OriginWord, "origin_word"),
            Payer = words.AddressOf(message.PayerWord, "payer_word"),
            Builder = words.AddressOf(message.BuilderWord, "builder_word"),
            Grant = words.Hash(message.GrantWord, "grant_word"),
            Model = words.Hash(message.ModelWord, "model_word"),
            Adapter = words.Hash(message.AdapterWord, "adapter_word"),
            Tariff = words.Hash(message.TariffWord, "tariff_word"),
            PromptTokens = message.PromptTokens,
            CachedTokens = message.CachedTokens,
            CompletionTokens = message.CompletionTokens,
            Outcome = (Outcome)Fields.Byte(message.Outcome, "outcome"),
            PromptCommitment = Fields.HashOrZero(message.PromptCommitment, "prompt_commitment"),
            CompletionCommitment = Fields.HashOrZero(message.CompletionCommitment, "completion_commitment"),
            Execution = Fields.HashOrZero(message.Execution, "execution"),

            // Wraps around, as it does where it is written: a clock that was wrong by years is no reason to refuse.
            StartedAt = unchecked(batch.ClosedAt - (ulong)message.StartedBeforeClose),
            Clock = (ClockSource)Fields.Byte(message.Clock, "clock of a receipt"),
            DurationMs = message.DurationMs,
            EnergyMicrojoules = message.EnergyMicrojoules,
            EnergySource = (EnergySource)Fields.Byte(message.EnergySource, "energy_source"),
            Fee = Fields.Amount(message.Fee, "fee"),
            Extension = words.Hash(message.ExtensionWord, "extension_word"),
        };

    private static Tariff TariffOf(TariffMessage message, WordDictionary words) => new()
    {
        Parent = words.Hash(message.ParentWord, "parent_word"),
        Currency = words.Hash(message.CurrencyWord, "currency_word"),
        Input = Fields.Amount(message.Input, "input"),
        CachedInput = Fields.Amount(message.CachedInput, "cached_input"),
        Output = Fields.Amount(message.Output, "output"),
        Flat = Fields.Amount(message.Flat, "flat"),
        Percent = Fields.UInt16(message.Percent, "percent"),
        Provider = Fields.UInt16(message.Provider, "provider"),
        Model = Fields.UInt16(message.Model, "model"),
        Stakers = Fields.UInt16(message.Stakers, "stakers"),
        Contributors = Fields.UInt16(message.Contributors, "contributors"),
        Schedule = words.Hash(message.ScheduleWord, "schedule_word"),
        NetworkFee = Fields.UInt16(message.NetworkFee, "network_fee"),
        BuilderFee = Fields.UInt16(message.BuilderFee, "builder_fee"),
        Version = message.Version,
        ValidFrom = message.ValidFrom,
    };

    private static Schedule ScheduleOf(ScheduleMessage message) => new()
    {
        Providers = Fields.UInt16(message.Providers, "providers"),
        Validators = Fields.UInt16(message.Validators, "validators"),
        Burn = Fields.UInt16(message.Burn, "burn"),
        Treasury = Fields.UInt16(message.Treasury, "treasury"),
    };

    private static Dictionary<Bytes32, T> Hashed<TMessage, T>(string name, IReadOnlyList<TMessage> messages, Func<TMessage, T> read)
        where T : ITypedStruct<T>, new()
    {
        // No more can be named than there are receipts.
        if (messages.Count > ReceiptBatch.MaxReceipts)
        {
            throw new MalformedMessageException($"There are {messages.Count} {name}s; at most {ReceiptBatch.MaxReceipts} are allowed.");
        }

        var byHash = new Dictionary<Bytes32, T>(messages.Count);
        foreach (var message in messages)
        {
            var value = read(message);
            var hash = TypedStruct.Hash(value);
            if (!byHash.TryAdd(hash, value))
            {
                throw new MalformedMessageException($"The {name} {hash} is given twice.");
            }
        }

        return byHash;
    }
}
