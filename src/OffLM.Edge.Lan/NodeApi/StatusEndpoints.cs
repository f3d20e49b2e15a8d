using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using OffLM.Edge.Inference;
using OffLM.Edge.Lan.Access;
using OffLM.Edge.Signing;
using OffLM.Edge.Work;
using OffLM.Edge.Work.Callers;
using OffLM.Edge.Work.Status;

namespace OffLM.Edge.Lan.NodeApi;

/// <summary>How the node is: health for watchdogs, status for people, the key for whoever verifies receipts.</summary>
internal sealed class StatusEndpoints(Node node)
{
    public static void Map(IEndpointRouteBuilder routes, Node node, NodeHandler handler)
    {
        var endpoints = new StatusEndpoints(node);
        routes.MapGet("/healthz", handler.Around(endpoints.HealthAsync)).OpenToEverybody();
        routes.MapGet("/node/v1/status", handler.Around(endpoints.StatusAsync));
        routes.MapGet("/node/v1/key", handler.Around(endpoints.KeyAsync));
        routes.MapPost("/node/v1/key/test", handler.Around(endpoints.TestKeyAsync)).RequireAdmin();
    }

    private Task HealthAsync(HttpContext context)
    {
        context.Response.Headers.CacheControl = "no-store";
        return node.IsServing
            ? Reply.JsonAsync(context, new HealthView("ok", null), NodeJson.Default.HealthView)
            : Reply.JsonAsync(context, Waiting(node.Status().State), NodeJson.Default.HealthView, StatusCodes.Status503ServiceUnavailable);
    }

    /// <summary>Open to everybody, so it says no more than which step is awaited.</summary>
    private static HealthView Waiting(string state) => new(state, state == "draining"
        ? "The node is shutting down: running answers end and receipts are signed."
        : "The node is starting up: the ledger is checked, and answers that a crash left open are closed.");

    private Task StatusAsync(HttpContext context)
    {
        var status = node.Status();
        var owner = context.Caller().Scope == Scope.Admin;
        var view = new StatusView(
            status.Version,
            status.State,
            Math.Round(status.Uptime.TotalSeconds, 3),
            status.Time,
            Words.Of(status.Clock),
            DomainView.Of(status.Network),
            status.Running,
            [.. status.LoadedModels.Where(m => context.Caller().Key?.Allows(m.Model.Name) ?? true).Select(ViewOf)],
            owner ? new(status.Ledger.Receipts, status.Ledger.Batches, status.Ledger.Open, status.Ledger.Holds, status.Ledger.Boot, status.IsRolledBack) : null,
            owner ? SettlementView.Of(status) : null,
            owner && status.Sync is { } sync ? SyncView.Of(sync) : null,
            owner ? KeyOf(status, owner) : null,
            owner ? status.Problems : null);
        return Reply.JsonAsync(context, view, NodeJson.Default.StatusView);
    }

    private Task KeyAsync(HttpContext context) =>
        Reply.JsonAsync(context, KeyOf(node.Status(), context.Caller().Scope == Scope.Admin), NodeJson.Default.KeyView);

    private async Task TestKeyAsync(HttpContext context)
    {
        var counter = await node.TestKeyAsync(context.RequestAborted);
        var address = node.Key.Address ?? throw new KeyUnavailableException("The key signed and went away.");
        await Reply.JsonAsync(context, new KeyTestView(true, address, counter), NodeJson.Default.KeyTestView);
    }

    /// <summary>While the key is locked its address is known from the ledger.</summary>
    private KeyView KeyOf(NodeStatus status, bool owner) => new(
        status.Address ?? status.Ledger.Node,
        Words.Of(status.Key.Class),
        status.Address is not null && node.Key.Problem is null,
        owner ? status.Key.ToString() : null,
        owner ? node.Key.Problem : null,
        DomainView.Of(status.Network));

    private static LoadedModelView ViewOf(LoadedModel loaded) => new(
        loaded.Model.Name,
        loaded.Model.Id,
        loaded.ContextLength,
        loaded.ExpiresAt == DateTimeOffset.MaxValue ? null : loaded.ExpiresAt,
        loaded.Leases,
        loaded.Engine.Name,
        loaded.Engine.Version,
        loaded.Engine.Provider,
        loaded.Engine.Fallback,
        loaded.Engine.Failed,
        loaded.Engine.Placement);
}
