using System.Text.Json;
using OffLM.Edge.Metering.Batches;
using OffLM.Edge.Metering.Tariffs;
using OffLM.Edge.Signing;
using OffLM.Edge.Signing.TypedStructs;

namespace OffLM.Edge.Metering.Documents;

/// <summary>
/// Writes signed batches as one JSON document that anyone can check with public tools. Reads the ledger twice, first for the
/// tariffs that the document begins with, and keeps one page in memory however long it is.
/// </summary>
public sealed class ExportWriter
{
    private const int FlushBytes = 128 * 1024;

    private readonly LedgerReader _ledger;
    private readonly ExportOptions _options;
    private readonly StoredReceipt? _only;
    private readonly ulong _first;
    private readonly ulong _last;
    private readonly List<ulong> _damaged = [];
    private ulong _batches;
    private ulong _receipts;
    private ulong _hidden;

    private ExportWriter(LedgerReader ledger, ExportOptions options)
    {
        (_ledger, _options) = (ledger, options);
        if (options.Request is { } request)
        {
            (_only, var batch) = FindDisclosable(request);
            _first = _last = batch.Batch.Batch;
        }
        else
        {
            var rollbacks = ledger.AcceptedRollbacks();
            _first = options.FromBatch ?? (rollbacks is [.., var newest] ? newest.Batch + 1 : 1);
            _last = Math.Min(ledger.Summary().Batches, rollbacks.FirstOrDefault(r => r.Batch >= _first)?.Batch ?? ulong.MaxValue);
        }
    }

    /// <summary>Writes a document. The stream is not closed.</summary>
    /// <param name="ledger">Where the batches are.</param>
    /// <param name="output">Receives UTF-8.</param>
    /// <param name="options">What to write.</param>
    /// <param name="cancellation">Leaves an incomplete document.</param>
    /// <exception cref="ExportException">Nothing is signed yet, the request is unknown or can't be disclosed, or there are several domains and none was chosen.</exception>
    /// <exception cref="FormatException">The row of a batch is damaged; the message names it.</exception>
    public static Task<ExportSummary> WriteAsync(LedgerReader ledger, Stream output, ExportOptions options, CancellationToken cancellation) =>
        new ExportWriter(ledger, options).WriteAsync(output, cancellation);

    private async Task<ExportSummary> WriteAsync(Stream output, CancellationToken cancellation)
    {
        var (domain, tariffs) = Survey(cancellation);
        var writer = new Utf8JsonWriter(output);
        await using (writer.ConfigureAwait(false))
        {
            writer.WriteStartObject();
            writer.WritePropertyName("domain");
            DomainJson.Write(writer, domain);
            writer.WriteStartArray("tariffs");
            var missing = WriteTariffs(writer, tariffs);
            writer.WriteEndArray();
            writer.WriteStartArray("batches");
            foreach (var batch in Batches(domain))
            {
                WriteBatch(writer, batch);
                if (writer.BytesPending > FlushBytes)
                {
                    await writer.FlushAsync(cancellation).ConfigureAwait(false);
                }
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
            await writer.FlushAsync(cancellation).ConfigureAwait(false);
            return new(_first, _batches, _receipts, _hidden, _damaged, missing);
        }
    }

    /// <summary>The one domain, and the tariffs that the disclosed receipts name.</summary>
    private (TypedDomain Domain, HashSet<Bytes32> Tariffs) Survey(CancellationToken cancellation)
    {
        var domains = new Dictionary<TypedDomain, ulong>();
        var tariffs = new HashSet<Bytes32>();
        foreach (var batch in Batches(_options.Domain))
        {
            cancellation.ThrowIfCancellationRequested();
            domains.TryAdd(batch.Domain, batch.Batch.Batch);
            foreach (var row in Rows(batch.Batch))
            {
                if (Disclosed(row) is { } receipt)
                {
                    tariffs.Add(receipt.Tariff);
                }
            }
        }

        return domains.Keys.ToArray() switch
        {
            [var domain] => (domain, tariffs),
            [] => throw new ExportException(
                $"There is no signed batch from number {_first} on{(_options.Domain is null ? "" : " for this network")}; {_ledger.Summary().Open} receipts wait for a signature."),
            _ => throw new ExportException("The batches were signed for several networks, and a document holds one. Choose one: "
                + string.Join("; ", domains.Select(d => $"chain {d.Key.ChainId}, contract {d.Key.VerifyingContract} (from batch {d.Value})")) + "."),
        };
    }

    private (StoredReceipt Receipt, StoredBatch Batch) FindDisclosable(Bytes32 request)
    {
        var stored = _ledger.Find(request) ?? throw new ExportException($"The ledger has no receipt for the request {request}.");
        if (stored.Damage is { } damage)
        {
            throw new ExportException($"The row of receipt {stored.Sequence} is damaged: {damage}.");
        }

        if (stored.Receipt is null)
        {
            throw new ExportException($"Receipt {stored.Sequence} is past its retention; only its leaf hash {stored.Leaf} is left.");
        }

        var batch = _ledger.BatchOf(stored.Sequence) ?? throw new ExportException(stored.Sequence <= _ledger.RolledBackTo()
            ? $"Receipt {stored.Sequence} was rolled back: the network has another in its place, so nothing proves this one."
            : $"Receipt {stored.Sequence} is in no signed batch yet. Try again after the next batch.");
        return (stored, batch);
    }

    private IEnumerable<StoredBatch> Batches(TypedDomain? domain)
    {
        for (var next = _first; next <= _last;)
        {
            var page = _ledger.Batches(next);
            foreach (var batch in page)
            {
                if (batch.Batch.Batch <= _last && (domain is null || batch.Domain == domain))
                {
                    yield return batch;
                }
            }

            if (page.Count == 0)
            {
                yield break;
            }

            next = page[^1].Batch.Batch + 1;
        }
    }

    private IEnumerable<StoredReceipt> Rows(ReceiptBatch batch) =>
        _ledger.From(batch.FirstSequence, (int)batch.Count).TakeWhile(r => r.Sequence < batch.FirstSequence + batch.Count);

    private Receipts.Receipt? Disclosed(StoredReceipt row) => row switch
    {
        { Receipt: null } => null,
        _ when _only is not null => row.Sequence == _only.Sequence ? row.Receipt : null,
        { Receipt.IsOwnUse: true } when _options.Disclosure == Disclosure.WithoutOwnUse => null,
        _ => row.Receipt,
    };

    private List<Bytes32> WriteTariffs(Utf8JsonWriter writer, HashSet<Bytes32> hashes)
    {
        var missing = new List<Bytes32>();
        foreach (var hash in hashes)
        {
            // A void receipt names the built-in tariff, which a ledger need not have stored.
            if ((_ledger.Tariff(hash) ?? (hash == TypedStruct.Hash(Tariff.Free) ? Tariff.Free : null)) is { } tariff)
            {
                TypedStruct.WriteJson(writer, tariff);
            }
            else
            {
                missing.Add(hash);
            }
        }

        return missing;
    }

    private void WriteBatch(Utf8JsonWriter writer, StoredBatch stored)
    {
        var batch = stored.Batch;
        writer.WriteStartObject();
        writer.WritePropertyName("batch");
        TypedStruct.WriteJson(writer, batch);
        writer.WriteString("signature", stored.Signature.ToString());
        writer.WriteStartArray("receipts");
        var next = batch.FirstSequence;
        foreach (var row in Rows(batch))
        {
            for (; next < row.Sequence; next++)
            {
                WriteDamaged(writer, next, default);
            }

            next++;
            if (row.Damage is not null)
            {
                WriteDamaged(writer, row.Sequence, row.Leaf);
            }
            else if (Disclosed(row) is { } receipt)
            {
                TypedStruct.WriteJson(writer, receipt);
                _receipts++;
            }
            else
            {
                WriteLeaf(writer, row.Leaf);
            }
        }

        for (; next < batch.FirstSequence + batch.Count; next++)
        {
            WriteDamaged(writer, next, default);
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
        _batches++;
    }

    /// <summary>Keeps the place, so that the receipts after it are still checked in theirs.</summary>
    private void WriteDamaged(Utf8JsonWriter writer, ulong sequence, Bytes32 leaf)
    {
        _damaged.Add(sequence);
        WriteLeaf(writer, leaf);
    }

    private void WriteLeaf(Utf8JsonWriter writer, Bytes32 leaf)
    {
        writer.WriteStartObject();
        writer.WriteString("leaf", leaf.ToString());
        writer.WriteEndObject();
        _hidden++;
    }
}
