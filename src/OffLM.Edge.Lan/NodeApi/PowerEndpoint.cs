using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using OffLM.Edge.Lan.Access;
using OffLM.Edge.Work;

namespace OffLM.Edge.Lan.NodeApi;

/// <summary><c>/node/v1/power</c>: heat, power and what they cost, now and over the last hour. For the owner: it shows when somebody is at home.</summary>
internal static class PowerEndpoint
{
    public static void Map(IEndpointRouteBuilder routes, Node node, NodeHandler handler) =>
        routes.MapGet("/node/v1/power", handler.Around(context => node.BoardStatus() is { } board
            ? Reply.JsonAsync(context, PowerView.Of(board), NodeJson.Default.PowerView)
            : throw NodeApiException.NotFound("This node looks after no board."))).RequireAdmin();
}
