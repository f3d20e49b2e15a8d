using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using OffLM.Edge.Lan.Access;
using OffLM.Edge.Metering;
using OffLM.Edge.Work;

namespace OffLM.Edge.Lan.NodeApi;

/// <summary>Checks the ledger while the node runs.</summary>
internal sealed class CheckEndpoint(Node node)
{
    public static void Map(IEndpointRouteBuilder routes, Node node, NodeHandler handler) =>
        routes.MapGet("/node/v1/check", handler.Around(new CheckEndpoint(node).CheckAsync)).RequireAdmin();

    private async Task CheckAsync(HttpContext context)
    {
        var full = NodeRequest.Flag(context, "full");

        // A full check computes for up to a minute a million receipts: a thread of its own keeps it off the pool.
        var report = await Task.Factory.StartNew(
            () => full ? LedgerCheck.Full(node.Ledger.Path, cancellation: context.RequestAborted) : LedgerCheck.Quick(node.Ledger.Path, context.RequestAborted),
            context.RequestAborted,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default);
        await Reply.JsonAsync(context, new CheckView(report.IsSound, report.Receipts, report.Batches, [.. report.Findings.Select(ViewOf)]), NodeJson.Default.CheckView);
    }

    private static FindingView ViewOf(LedgerFinding finding) => new(
        finding.Part.ToString().ToLowerInvariant(),
        finding.Number.ToString(CultureInfo.InvariantCulture),
        finding.Key,
        finding.Problem,
        finding.Advice);
}
