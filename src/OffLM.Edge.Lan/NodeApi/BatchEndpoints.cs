using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using OffLM.Edge.Lan.Access;
using OffLM.Edge.Metering;
using OffLM.Edge.Metering.Documents;
using OffLM.Edge.Signing;
using OffLM.Edge.Signing.TypedStructs;
using OffLM.Edge.Work;

namespace OffLM.Edge.Lan.NodeApi;

/// <summary>Signed batches, for the owner: their sums tell how much everybody used.</summary>
internal sealed class BatchEndpoints(Node node)
{
    public static void Map(IEndpointRouteBuilder routes, Node node, NodeHandler handler)
    {
        var endpoints = new BatchEndpoints(node);
        routes.MapGet("/node/v1/batches", handler.Around(endpoints.ListAsync)).RequireAdmin();
        routes.MapGet("/node/v1/batches/{batch}", handler.Around(endpoints.ShowAsync)).RequireAdmin();
        routes.MapPost("/node/v1/batches/resend", handler.Around(endpoints.ResendAsync)).RequireAdmin();
        routes.MapPost("/node/v1/seal", handler.Around(endpoints.SealAsync)).RequireAdmin();
        routes.MapPost("/node/v1/accept-rollback", handler.Around(endpoints.AcceptRollbackAsync)).RequireAdmin();
        routes.MapGet("/node/v1/export", handler.Around(endpoints.ExportAsync)).RequireAdmin();
    }

    private Task ListAsync(HttpContext context)
    {
        var limit = NodeRequest.Limit(context, LedgerReader.PageSize);
        var from = Math.Min(NodeRequest.Number(context, "from") ?? 1, long.MaxValue);
        using var reader = node.Ledger.Read();
        var batches = reader.Batches(from, limit);
        return Reply.JsonAsync(context, writer =>
        {
            writer.WriteStartObject();
            writer.WriteStartArray("batches");
            foreach (var batch in batches)
            {
                Write(writer, batch);
            }

            writer.WriteEndArray();
            if (batches.Count == limit)
            {
                writer.WriteString("next", (batches[^1].Batch.Batch + 1).ToString(CultureInfo.InvariantCulture));
            }

            writer.WriteEndObject();
        });
    }

    private Task ShowAsync(HttpContext context)
    {
        var name = NodeRequest.Segment(context, "batch");
        if (!ulong.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out var number) || number is 0 or > long.MaxValue)
        {
            throw NodeApiException.BadRequest("A batch is named by its number, a whole number from 1.");
        }

        using var reader = node.Ledger.Read();
        return reader.Batches(number, 1) is [var batch] && batch.Batch.Batch == number
            ? Reply.JsonAsync(context, writer => Write(writer, batch))
            : throw NodeApiException.NotFound($"There is no signed batch {number}.");
    }

    private async Task ResendAsync(HttpContext context)
    {
        var batch = NodeRequest.Number(context, "batch");
        var reopened = await node.ResendAsync(batch);
        if (batch is { } number && reopened == 0)
        {
            throw new NodeApiException(StatusCodes.Status409Conflict, $"Batch {number} is not refused: there is nothing to send again.");
        }

        await Reply.JsonAsync(context, new ResendView(reopened), NodeJson.Default.ResendView);
    }

    private async Task SealAsync(HttpContext context)
    {
        var batches = await node.SealAsync(context.RequestAborted);
        await Reply.JsonAsync(context, new SealView(batches), NodeJson.Default.SealView);
    }

    private async Task AcceptRollbackAsync(HttpContext context)
    {
        var reason = NodeRequest.Text(context, "reason");
        using (var reader = node.Ledger.Read())
        {
            if (reason is null && reader.CounterGap() is { } gap)
            {
                throw NodeApiException.BadRequest($"The card has made {gap.Found} signatures, and the ledger explains {gap.Expected}. Say with 'reason' why that is all right.");
            }
        }

        var accepted = await node.AcceptRollbackAsync(reason)
            ?? throw new NodeApiException(
                StatusCodes.Status409Conflict,
                "There is no evidence that this ledger was rolled back: no collector has settled a batch that it lacks, and no card has made signatures that it can't explain.");
        var view = new AcceptedRollbackView(
            accepted.NextBatch.ToString(CultureInfo.InvariantCulture),
            accepted.NextSequence.ToString(CultureInfo.InvariantCulture),
            accepted.RefusedBatches,
            accepted.RefusedReceipts.ToString(CultureInfo.InvariantCulture),
            accepted.Gap is { } accounted ? new(accounted.Expected, accounted.Found, accounted.Reason) : null);
        await Reply.JsonAsync(context, view, NodeJson.Default.AcceptedRollbackView);
    }

    private async Task ExportAsync(HttpContext context)
    {
        using var reader = node.Ledger.Read();
        var options = new ExportOptions();
        if (NodeRequest.Text(context, "request") is { } text)
        {
            if (!Bytes32.TryParse(text, out var request))
            {
                throw NodeApiException.BadRequest("'request' must be 0x and 64 hexadecimal digits.");
            }

            _ = reader.Find(request) ?? throw NodeApiException.NotFound($"There is no receipt {text}.");
            options = options with { Request = request };
        }

        context.Response.ContentType = "application/json; charset=utf-8";
        context.Response.Headers.ContentDisposition = "attachment; filename=\"offlm-receipts.json\"";
        await ExportWriter.WriteAsync(reader, context.Response.Body, options, context.RequestAborted);
    }

    private static void Write(Utf8JsonWriter writer, StoredBatch stored)
    {
        writer.WriteStartObject();
        writer.WritePropertyName("batch");
        TypedStruct.WriteJson(writer, stored.Batch);
        writer.WriteString("hash", stored.Hash.ToString());
        writer.WriteString("signature", stored.Signature.ToString());
        writer.WritePropertyName("network");
        JsonSerializer.Serialize(writer, DomainView.Of(stored.Domain), NodeJson.Default.DomainView);
        writer.WriteString("state", Words.StateIn(stored));
        if (stored.Reason.Length > 0)
        {
            writer.WriteString("reason", stored.Reason);
        }

        writer.WriteString("changedAt", Words.Time(stored.ChangedAt));
        writer.WriteEndObject();
    }
}
