using Microsoft.AspNetCore.Routing;
using OffLM.Edge.Work;

namespace OffLM.Edge.Lan.NodeApi;

/// <summary>The node's own API, health and metrics.</summary>
internal static class NodeEndpoints
{
    public static void Map(IEndpointRouteBuilder routes, Node node, LanOptions options)
    {
        _ = routes;
        _ = node;
        _ = options;
    }
}
