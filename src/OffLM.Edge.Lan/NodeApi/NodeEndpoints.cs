using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging;
using OffLM.Edge.Lan.Metrics;
using OffLM.Edge.Work;

namespace OffLM.Edge.Lan.NodeApi;

/// <summary>The node's own API, health and metrics.</summary>
internal static class NodeEndpoints
{
    public static void Map(IEndpointRouteBuilder routes, Node node, LanOptions options, NodeMetrics metrics, ILoggerFactory loggers)
    {
        var handler = new NodeHandler(loggers.CreateLogger<NodeHandler>());
        StatusEndpoints.Map(routes, node, handler);
        PowerEndpoint.Map(routes, node, handler);
        ReceiptEndpoints.Map(routes, node, handler);
        BatchEndpoints.Map(routes, node, handler);
        ApiKeyEndpoints.Map(routes, node, handler);
        ModelEndpoints.Map(routes, node, handler);
        PullEndpoint.Map(routes, node, options, handler);
        CheckEndpoint.Map(routes, node, handler);
        OpenApiEndpoint.Map(routes, handler);
        MetricsEndpoint.Map(routes, metrics, handler);
    }
}
