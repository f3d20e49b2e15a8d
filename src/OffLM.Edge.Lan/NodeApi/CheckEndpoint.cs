using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using OffLM.Edge.Lan.Access;
using OffLM.Edge.Metering;
using OffLM.Edge.Work;

namespace OffLM.Edge.Lan.NodeApi;

/// <summary>Checks the ledger while the node runs, and mends it.</summary>
internal sealed class CheckEndpoint(Node node)
{
    public static void Map(IEndpointRouteBuilder routes, Node node, NodeHandler handler)
    {
        var endpoint = new CheckEndpoint(node);
        routes.MapGet("/node/v1/check", handler.Around(endpoint.CheckAsync)).RequireAdmin();
        routes.MapPost("/node/v1/check", handler.Around(endpoint.RepairAsync)).RequireAdmin();
    }

    private async Task CheckAsync(HttpContext context)
    {
        var full = NodeRequest.Flag(context, "full");

        // A full check computes for up to a minute a million receipts: a thread of its own keeps it off the pool.
        var report = await Task.Factory.StartNew(
            () => full ? LedgerCheck.Full(node.Ledger.Path, cancellation: context.RequestAborted) : LedgerCheck.Quick(node.Ledger.Path, context.RequestAborted),
            context.RequestAborted,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default);
        await Reply.JsonAsync(context, ViewOf(report, null), NodeJson.Default.CheckView);
    }

    private async Task RepairAsync(HttpContext context)
    {
        var repair = await node.RepairLedgerAsync(context.RequestAborted);
        await Reply.JsonAsync(context, ViewOf(repair.After, repair.Done), NodeJson.Default.CheckView);
    }

    private static CheckView ViewOf(LedgerReport report, IReadOnlyList<string>? repairs) =>
        new(report.IsSound, report.Receipts, report.Batches, [.. report.Findings.Select(ViewOf)], repairs);

    private static FindingView ViewOf(LedgerFinding finding) => new(
        finding.Part.ToString().ToLowerInvariant(),
        finding.Number.ToString(CultureInfo.InvariantCulture),
        finding.Key,
        finding.Problem,
        finding.Advice);
}
