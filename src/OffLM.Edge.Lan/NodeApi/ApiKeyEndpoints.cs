using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using OffLM.Edge.Lan.Access;
using OffLM.Edge.Signing;
using OffLM.Edge.Work;
using OffLM.Edge.Work.Callers;

namespace OffLM.Edge.Lan.NodeApi;

/// <summary>Making, listing and revoking API keys.</summary>
internal sealed class ApiKeyEndpoints(Node node)
{
    public static void Map(IEndpointRouteBuilder routes, Node node, NodeHandler handler)
    {
        var endpoints = new ApiKeyEndpoints(node);
        routes.MapGet("/node/v1/keys", handler.Around(endpoints.ListAsync)).RequireAdmin();
        routes.MapPost("/node/v1/keys", handler.Around(endpoints.AddAsync)).RequireAdmin();
        routes.MapDelete("/node/v1/keys/{key}", handler.Around(endpoints.RevokeAsync)).RequireAdmin();
    }

    private Task ListAsync(HttpContext context) =>
        Reply.JsonAsync(context, new ApiKeysView([.. node.Keys.List().Select(ApiKeyView.Of)]), NodeJson.Default.ApiKeysView);

    private async Task AddAsync(HttpContext context)
    {
        var template = KeyOf(await NodeRequest.BodyAsync(context, NodeJson.Default.ApiKeyTemplate));
        ApiKey key;
        string secret;
        try
        {
            (key, secret) = node.Keys.Add(template);
        }
        catch (ArgumentException e)
        {
            throw NodeApiException.BadRequest(e.Message);
        }

        context.Response.Headers.CacheControl = "no-store";
        await Reply.JsonAsync(context, new NewApiKeyView(ApiKeyView.Of(key), secret), NodeJson.Default.NewApiKeyView, StatusCodes.Status201Created);
    }

    private Task RevokeAsync(HttpContext context)
    {
        var name = NodeRequest.Segment(context, "key");
        return node.Keys.Revoke(name) is { } revoked
            ? Reply.JsonAsync(context, ApiKeyView.Of(revoked), NodeJson.Default.ApiKeyView)
            : throw NodeApiException.NotFound($"No valid API key has the name or id '{name}'. /node/v1/keys lists them.");
    }

    private static ApiKey KeyOf(ApiKeyTemplate template) => new()
    {
        Id = "",
        Name = template.Name ?? "",
        Scope = template.Scope switch
        {
            null or "use" => Scope.Use,
            "admin" => Scope.Admin,
            _ => throw NodeApiException.BadRequest("'scope' must be \"use\" or \"admin\"."),
        },
        Models = template.Models ?? [],
        RequestsPerMinute = PositiveOrNull(template.RequestsPerMinute, "requestsPerMinute"),
        TokensPerMinute = PositiveOrNull(template.TokensPerMinute, "tokensPerMinute"),
        CreditLimit = template.CreditLimit,
        Payer = template.Payer ?? Address.Zero,
        Builder = template.Builder ?? Address.Zero,
        CreatedAt = default,
    };

    private static int? PositiveOrNull(int? limit, string name) =>
        limit is null or > 0 ? limit : throw NodeApiException.BadRequest($"'{name}' must be at least 1. Leave it out for no limit.");
}
