using System.Text.Json;
using OffLM.Edge.Metering.Batches;
using OffLM.Edge.Signing;
using OffLM.Edge.Signing.TypedStructs;

namespace OffLM.Edge.Metering.Documents;

/// <summary>
/// One receipt as JSON, with what proves it: its batch, the batch's signature and domain, the Merkle proof and the tariff.
/// What the node API and <c>receipts show</c> answer.
/// </summary>
public static class ReceiptDocument
{
    /// <summary>
    /// Writes <c>{"sequence", "request", "leaf", "receipt", "state", "domain", "batch", "signature", "proof", "tariff", "salts"}</c>, and <c>reason</c>
    /// behind the state of a refused one.
    /// <c>receipt</c> is null past the retention, the batch's fields while the receipt is open, <c>salts</c> once forgotten.
    /// </summary>
    /// <param name="writer">Receives one JSON object.</param>
    /// <param name="ledger">Where the receipt is from.</param>
    /// <param name="stored">The receipt.</param>
    /// <param name="withSalts">Also what opens the commitments, and the replay record: only for the caller who asked, and the owner.</param>
    /// <exception cref="FormatException">A row that this needs is damaged; the message names it.</exception>
    public static void Write(Utf8JsonWriter writer, LedgerReader ledger, StoredReceipt stored, bool withSalts)
    {
        if (stored.Damage is { } damage)
        {
            throw new FormatException($"The row of receipt {stored.Sequence} is damaged: {damage}. Run ledger check.");
        }

        writer.WriteStartObject();
        writer.WriteString("sequence", stored.Sequence.ToString(System.Globalization.CultureInfo.InvariantCulture));
        writer.WriteString("request", stored.Request.ToString());
        writer.WriteString("leaf", stored.Leaf.ToString());
        WriteStruct(writer, "receipt", stored.Receipt);
        WriteBatch(writer, ledger, stored);
        WriteStruct(writer, "tariff", stored.Receipt is { } receipt ? ledger.Tariff(receipt.Tariff) : null);
        if (withSalts)
        {
            WriteSalts(writer, ledger.Salts(stored.Request));
        }

        writer.WriteEndObject();
    }

    private static void WriteBatch(Utf8JsonWriter writer, LedgerReader ledger, StoredReceipt stored)
    {
        if (ledger.BatchOf(stored.Sequence) is not { } found)
        {
            writer.WriteString("state", stored.Sequence <= ledger.RolledBackTo() ? "refused" : "open");
            foreach (var name in (ReadOnlySpan<string>)["domain", "batch", "signature", "proof"])
            {
                writer.WriteNull(name);
            }

            return;
        }

        writer.WriteString("state", found.State switch
        {
            BatchState.Sent => "sent",
            BatchState.Settled => "settled",
            BatchState.Refused => "refused",
            _ => "signed",
        });
        if (found.State == BatchState.Refused)
        {
            writer.WriteString("reason", found.Reason);
        }

        writer.WritePropertyName("domain");
        DomainJson.Write(writer, found.Domain);
        WriteStruct(writer, "batch", found.Batch);
        writer.WriteString("signature", found.Signature.ToString());
        writer.WriteStartArray("proof");
        foreach (var sibling in Proof(ledger, found.Batch, stored.Sequence))
        {
            writer.WriteStringValue(sibling.ToString());
        }

        writer.WriteEndArray();
    }

    private static Bytes32[] Proof(LedgerReader ledger, ReceiptBatch batch, ulong sequence)
    {
        var leaves = ledger.From(batch.FirstSequence, (int)batch.Count).ToList().ConvertAll(r => r.Leaf).ToArray();
        var tree = new MerkleTree(leaves);
        return tree.Root == batch.Root
            ? tree.Proof((int)(sequence - batch.FirstSequence))
            : throw new FormatException($"The leaves of batch {batch.Batch} don't give its root: a row is damaged or missing. Run ledger check.");
    }

    private static void WriteStruct<T>(Utf8JsonWriter writer, string name, T? value)
        where T : class, ITypedStruct<T>, new()
    {
        writer.WritePropertyName(name);
        if (value is null)
        {
            writer.WriteNullValue();
        }
        else
        {
            TypedStruct.WriteJson(writer, value);
        }
    }

    private static void WriteSalts(Utf8JsonWriter writer, ReceiptSalts? salts)
    {
        if (salts is null)
        {
            writer.WriteNull("salts");
            return;
        }

        writer.WriteStartObject("salts");
        writer.WriteString("prompt", salts.Prompt.ToString());
        writer.WriteString("completion", salts.Completion.ToString());
        writer.WriteString("execution", salts.Execution.ToString());

        // A string, not an object: its exact bytes are what the commitment is to.
        writer.WriteString("executionRecord", salts.ExecutionRecord);
        writer.WriteEndObject();
    }
}
