using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using OffLM.Edge.Inference;
using OffLM.Edge.Lan.Access;
using OffLM.Edge.Work;
using OffLM.Edge.Work.Callers;

namespace OffLM.Edge.Lan.NodeApi;

/// <summary>The models in the store.</summary>
internal sealed class ModelEndpoints(Node node)
{
    public static void Map(IEndpointRouteBuilder routes, Node node, NodeHandler handler)
    {
        var endpoints = new ModelEndpoints(node);
        routes.MapGet("/node/v1/models", handler.Around(endpoints.ListAsync));
        routes.MapDelete("/node/v1/models/{model}", handler.Around(endpoints.RemoveAsync)).RequireAdmin();
        routes.MapPost("/node/v1/models/{model}/verify", handler.Around(endpoints.VerifyAsync)).RequireAdmin();
    }

    /// <param name="model">In the store.</param>
    /// <param name="loaded">True if it is in memory.</param>
    public static ModelView ViewOf(StoredModel model, bool loaded) => new(
        model.Name,
        model.Id,
        model.Bytes,
        model.ModifiedAt,
        model.Manifest.License,
        model.Manifest.Context,
        model.Manifest.Capabilities,
        model.Manifest.Family,
        model.Manifest.Parameters,
        model.Manifest.Quantization,
        loaded);

    private Task ListAsync(HttpContext context)
    {
        var caller = context.Caller();
        var loaded = node.Models.Loaded.Select(m => m.Model.Id).ToHashSet();
        var view = new ModelsView(
            [.. node.Store.List().Where(m => caller.Key?.Allows(m.Name) ?? true).Select(m => ViewOf(m, loaded.Contains(m.Id)))],
            caller.Scope == Scope.Admin ? node.Store.Problems() : null);
        return Reply.JsonAsync(context, view, NodeJson.Default.ModelsView);
    }

    private async Task RemoveAsync(HttpContext context)
    {
        var model = node.Store.FindToRemove(NodeRequest.Segment(context, "model"));

        // Requests that hold it end as they would: what they need is in memory.
        await node.Models.UnloadAsync(model.Id);
        node.Store.Remove(model);
        await Reply.JsonAsync(context, ViewOf(model, loaded: false), NodeJson.Default.ModelView);
    }

    private async Task VerifyAsync(HttpContext context)
    {
        var model = node.Store.Find(NodeRequest.Segment(context, "model"));
        string? problem = null;
        try
        {
            await node.Store.VerifyAsync(model, force: true, context.RequestAborted);
        }
        catch (ModelDamagedException e)
        {
            problem = e.Message;
        }

        await Reply.JsonAsync(context, new VerificationView(model.Name, model.Id, problem is null, problem), NodeJson.Default.VerificationView);
    }
}
