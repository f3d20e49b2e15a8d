using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace OffLM.Edge.Lan.NodeApi;

/// <summary>The description of this API, OpenAPI 3.1.</summary>
internal static class OpenApiEndpoint
{
    private const string Resource = "node-api.json";

    public static void Map(IEndpointRouteBuilder routes, NodeHandler handler) => routes.MapGet("/node/v1/openapi.json", handler.Around(WriteAsync));

    /// <summary>The document, from this assembly.</summary>
    public static Stream Open() => typeof(OpenApiEndpoint).Assembly.GetManifestResourceStream(Resource)
        ?? throw new InvalidOperationException($"The assembly lacks its resource {Resource}.");

    private static async Task WriteAsync(HttpContext context)
    {
        await using var document = Open();
        context.Response.ContentType = "application/json; charset=utf-8";
        context.Response.ContentLength = document.Length;
        await document.CopyToAsync(context.Response.Body, context.RequestAborted);
    }
}
