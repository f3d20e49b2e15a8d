using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using OffLM.Edge.Lan.Access;
using OffLM.Edge.Metering;
using OffLM.Edge.Metering.Documents;
using OffLM.Edge.Metering.Receipts;
using OffLM.Edge.Signing;
using OffLM.Edge.Work;
using OffLM.Edge.Work.Callers;

namespace OffLM.Edge.Lan.NodeApi;

/// <summary>Receipts: all for the owner, one's own for a key of use scope.</summary>
internal sealed class ReceiptEndpoints(Node node)
{
    public static void Map(IEndpointRouteBuilder routes, Node node, NodeHandler handler)
    {
        var endpoints = new ReceiptEndpoints(node);
        routes.MapGet("/node/v1/receipts", handler.Around(endpoints.ListAsync));
        routes.MapGet("/node/v1/receipts/{receipt}", handler.Around(endpoints.ShowAsync));
        routes.MapDelete("/node/v1/receipts/{receipt}/salts", handler.Around(endpoints.ForgetAsync)).RequireAdmin();
    }

    private Task ListAsync(HttpContext context)
    {
        var limit = NodeRequest.Limit(context, LedgerReader.PageSize);
        using var reader = node.Ledger.Read();
        var rows = reader.Latest(NodeRequest.Number(context, "before"), limit, CallerFilter(context));
        var rolledBackTo = reader.RolledBackTo();
        StoredBatch? batch = null;
        var receipts = new List<ReceiptView>(rows.Count);
        foreach (var row in rows)
        {
            if (batch is null || row.Sequence < batch.Batch.FirstSequence)
            {
                batch = reader.BatchOf(row.Sequence);
            }

            receipts.Add(ViewOf(row, batch, batch is null && row.Sequence <= rolledBackTo ? Words.Refused : Words.StateIn(batch)));
        }

        var next = rows.Count == limit && rows[^1].Sequence > 1 ? rows[^1].Sequence.ToString(CultureInfo.InvariantCulture) : null;
        return Reply.JsonAsync(context, new ReceiptsView(receipts, next), NodeJson.Default.ReceiptsView);
    }

    private Task ShowAsync(HttpContext context)
    {
        using var reader = node.Ledger.Read();
        var stored = Find(context, reader);
        return Reply.JsonAsync(context, writer => ReceiptDocument.Write(writer, reader, stored, withSalts: true));
    }

    private async Task ForgetAsync(HttpContext context)
    {
        StoredReceipt stored;
        using (var reader = node.Ledger.Read())
        {
            stored = Find(context, reader);
        }

        var forgotten = await node.Ledger.ForgetAsync(stored.Request);
        await Reply.JsonAsync(context, new ForgottenView(stored.Request.ToString(), forgotten), NodeJson.Default.ForgottenView);
    }

    /// <summary>Another's receipt is not there, as far as a key of use scope can tell.</summary>
    private static StoredReceipt Find(HttpContext context, LedgerReader reader)
    {
        var name = NodeRequest.Segment(context, "receipt");
        var caller = IdentifiedCaller(context);
        var stored = Bytes32.TryParse(name, out var request) ? reader.Find(request)
            : ulong.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out var sequence) && sequence is > 0 and <= long.MaxValue ? reader.Find(sequence)
            : throw NodeApiException.BadRequest("A receipt is named by its request (0x and 64 hexadecimal digits) or its sequence number.");
        return stored is not null && (caller.ReceiptFilter is not { } own || stored.Caller == own)
            ? stored
            : throw NodeApiException.NotFound($"There is no receipt {name}.");
    }

    private string? CallerFilter(HttpContext context)
    {
        var caller = IdentifiedCaller(context);
        if (NodeRequest.Text(context, "caller") is not { } wanted)
        {
            return caller.ReceiptFilter;
        }

        var id = node.Keys.List().LastOrDefault(k => k.Id == wanted || k.Name == wanted)?.Id;
        return caller.ReceiptFilter is { } own && own != id
            ? throw new NodeApiException(StatusCodes.Status403Forbidden, "This key sees its own receipts only. Leave 'caller' out.")
            : id ?? throw NodeApiException.NotFound("No API key has this name or id. /node/v1/keys lists them.");
    }

    /// <summary>Guests can't be told from one another, nor from the household by the ledger: none of those receipts is theirs to see.</summary>
    private static Caller IdentifiedCaller(HttpContext context) => context.Caller() is { Key: null, Scope: not Scope.Admin }
        ? throw new NodeApiException(StatusCodes.Status403Forbidden, "Receipts are kept under API keys. Send the key that asked, to see its receipts.")
        : context.Caller();

    private static ReceiptView ViewOf(StoredReceipt row, StoredBatch? batch, string state) => new()
    {
        Sequence = row.Sequence.ToString(CultureInfo.InvariantCulture),
        Request = row.Request.ToString(),
        Caller = row.Caller,
        State = state,
        Reason = state != Words.Refused ? null : batch?.Reason ?? "the network has another receipt in its place",
        Receipt = row.Receipt is { } receipt ? FiguresOf(receipt) : null,
        Damage = row.Damage,
    };

    private static ReceiptFigures FiguresOf(Receipt receipt) => new(
        Convert.ToHexStringLower(receipt.Model.AsSpan()),
        Words.Of(receipt.Outcome),
        Words.Time(receipt.StartedAt),
        Words.Of(receipt.Clock),
        receipt.DurationMs,
        receipt.PromptTokens,
        receipt.CachedTokens,
        receipt.CompletionTokens,
        receipt.EnergyMicrojoules.ToString(CultureInfo.InvariantCulture),
        receipt.Fee,
        receipt.IsOwnUse);
}
