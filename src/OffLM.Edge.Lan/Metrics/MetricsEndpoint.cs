using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using OffLM.Edge.Lan.Access;
using OffLM.Edge.Lan.NodeApi;

namespace OffLM.Edge.Lan.Metrics;

/// <summary><c>/metrics</c>, and the counting of what the other endpoints answer.</summary>
internal static class MetricsEndpoint
{
    public static void Map(IEndpointRouteBuilder routes, NodeMetrics metrics, NodeHandler handler) =>
        routes.MapGet("/metrics", handler.Around(context =>
        {
            context.Response.ContentType = PrometheusText.ContentType;
            return context.Response.WriteAsync(metrics.Write(), context.RequestAborted);
        })).RequireAdmin();

    /// <summary>Counts responses; to stand before access control, so that refused callers are counted too.</summary>
    public static void Count(IApplicationBuilder app, NodeMetrics metrics) => app.Use(next => async context =>
    {
        try
        {
            await next(context);
        }
        finally
        {
            metrics.Responded(ApiOf(context.Request.Path), context.Response.StatusCode);
        }
    });

    private static string ApiOf(PathString path) =>
        path.StartsWithSegments("/v1") ? "openai"
        : path.StartsWithSegments("/api") ? "ollama"
        : path.StartsWithSegments("/node") ? "node"
        : "other";
}
