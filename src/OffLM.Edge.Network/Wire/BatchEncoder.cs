using Google.Protobuf;
using OffLM.Edge.Metering;
using OffLM.Edge.Metering.Receipts;
using OffLM.Edge.Metering.Tariffs;
using OffLM.Edge.Signing;
using OffLM.Edge.Signing.TypedStructs;
using OffLM.Mqtt.Contracts;

namespace OffLM.Edge.Network.Wire;

/// <summary>
/// Makes the message of a signed batch. Decides what of it leaves the box: receipts past their retention and, unless the settings say
/// otherwise, those of the household's own use go as leaf hashes. A void receipt goes as it is: it says nothing but that a row was lost.
/// </summary>
/// <param name="ownUse">What leaves of own use.</param>
internal sealed class BatchEncoder(OwnUse ownUse)
{
    /// <summary>The tariff of void receipts, which a ledger need not have stored.</summary>
    private static readonly Bytes32 FreeHash = TypedStruct.Hash(Tariff.Free);

    /// <summary>The message of a batch.</summary>
    /// <param name="stored">The batch.</param>
    /// <param name="ledger">Where its receipts and tariffs are.</param>
    /// <exception cref="UnsendableBatchException">A row that belongs to it is damaged or missing.</exception>
    public BatchMessage Encode(StoredBatch stored, LedgerReader ledger)
    {
        var batch = stored.Batch;
        try
        {
            return Encode(stored, ledger.From(batch.FirstSequence, (int)batch.Count), ledger.Tariff, ledger.Schedule);
        }
        catch (FormatException e)
        {
            throw new UnsendableBatchException(batch.Batch, e.Message);
        }
    }

    /// <summary>The message of a batch whose rows were read before.</summary>
    /// <exception cref="UnsendableBatchException">A row that belongs to it is damaged or missing.</exception>
    internal BatchMessage Encode(StoredBatch stored, IReadOnlyList<StoredReceipt> rows, Func<Bytes32, Tariff?> tariffs, Func<Bytes32, Schedule?> schedules)
    {
        var message = Head(stored);
        var words = new WordTable(message.Words);
        var named = new HashSet<Bytes32>();
        for (var i = 0u; i < stored.Batch.Count; i++)
        {
            var sequence = stored.Batch.FirstSequence + i;
            var row = i < rows.Count && rows[(int)i].Sequence == sequence
                ? rows[(int)i]
                : throw new UnsendableBatchException(stored.Batch.Batch, $"receipt {sequence} is missing. Run 'offlm-edge ledger check'.");
            if (row.Damage is { } damage)
            {
                throw new UnsendableBatchException(stored.Batch.Batch, $"the row of receipt {sequence} is damaged ({damage}). Run 'offlm-edge ledger check'.");
            }

            if (row.Receipt is { } receipt && IsDisclosed(receipt))
            {
                named.Add(receipt.Tariff);
                message.Entries.Add(new Entry { Receipt = Encode(receipt, stored.Batch.ClosedAt, words) });
            }
            else
            {
                message.Entries.Add(new Entry { Leaf = Bytes(row.Leaf) });
            }
        }

        AddTariffs(message, stored.Batch.Batch, named, words, tariffs, schedules);
        return message;
    }

    private static BatchMessage Head(StoredBatch stored)
    {
        var batch = stored.Batch;
        return new BatchMessage
        {
            ChainId = stored.Domain.ChainId,
            VerifyingContract = Bytes(stored.Domain.VerifyingContract),
            Node = Bytes(batch.Node),
            Batch = batch.Batch,
            Previous = batch.Previous.IsZero ? ByteString.Empty : Bytes(batch.Previous),
            FirstSequence = batch.FirstSequence,
            Root = Bytes(batch.Root),
            Fees = WireAmount.Encode(batch.Fees),
            ClosedAt = batch.ClosedAt,
            Clock = (uint)batch.Clock,
            Boot = batch.Boot,
            KeyClass = (uint)batch.KeyClass,
            KeyCounter = batch.KeyCounter,
            Signature = ByteString.CopyFrom(stored.Signature.AsSpan()),
        };
    }

    private bool IsDisclosed(Receipt receipt) => ownUse == OwnUse.Full || !receipt.IsOwnUse || receipt.Outcome == Outcome.Void;

    private static ReceiptMessage Encode(Receipt r, ulong closedAt, WordTable words) => new()
    {
        Request = Bytes(r.Request),
        PromptCommitment = Bytes(r.PromptCommitment),
        CompletionCommitment = Bytes(r.CompletionCommitment),
        Execution = Bytes(r.Execution),
        ModelWord = words.Of(r.Model),
        TariffWord = words.Of(r.Tariff),
        PayerWord = words.Of(r.Payer),
        BuilderWord = words.Of(r.Builder),
        PromptTokens = r.PromptTokens,
        CachedTokens = r.CachedTokens,
        CompletionTokens = r.CompletionTokens,
        Outcome = (uint)r.Outcome,

        // Wraps around and back for any two times, so a clock that was wrong by years costs bytes, not the receipt.
        StartedBeforeClose = unchecked((long)(closedAt - r.StartedAt)),
        DurationMs = r.DurationMs,
        Fee = WireAmount.Encode(r.Fee),
        EnergyMicrojoules = r.EnergyMicrojoules,
        EnergySource = (uint)r.EnergySource,
        Clock = (uint)r.Clock,
        OriginWord = words.Of(r.Origin),
        GrantWord = words.Of(r.Grant),
        AdapterWord = words.Of(r.Adapter),
        ExtensionWord = words.Of(r.Extension),
    };

    private static void AddTariffs(
        BatchMessage message, ulong batch, HashSet<Bytes32> named, WordTable words, Func<Bytes32, Tariff?> tariffs, Func<Bytes32, Schedule?> schedules)
    {
        var scheduled = new HashSet<Bytes32>();
        foreach (var hash in named)
        {
            var tariff = tariffs(hash) ?? (hash == FreeHash ? Tariff.Free : null)
                ?? throw new UnsendableBatchException(batch, $"the ledger has lost the tariff {hash} that it names. Run 'offlm-edge ledger check'.");
            message.Tariffs.Add(Encode(tariff, words));
            if (!tariff.Schedule.IsZero && scheduled.Add(tariff.Schedule) && schedules(tariff.Schedule) is { } schedule)
            {
                message.Schedules.Add(new ScheduleMessage
                {
                    Providers = schedule.Providers,
                    Validators = schedule.Validators,
                    Burn = schedule.Burn,
                    Treasury = schedule.Treasury,
                });
            }
        }
    }

    private static TariffMessage Encode(Tariff t, WordTable words) => new()
    {
        ParentWord = words.Of(t.Parent),
        CurrencyWord = words.Of(t.Currency),
        Input = WireAmount.Encode(t.Input),
        CachedInput = WireAmount.Encode(t.CachedInput),
        Output = WireAmount.Encode(t.Output),
        Flat = WireAmount.Encode(t.Flat),
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

    private static ByteString Bytes(Bytes32 hash) => ByteString.CopyFrom(hash.AsSpan());

    private static ByteString Bytes(Address address) => ByteString.CopyFrom(address.AsSpan());
}
