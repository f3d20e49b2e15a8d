using Microsoft.AspNetCore.Routing;
using OffLM.Edge.Work;

namespace OffLM.Edge.Lan.OpenAi;

/// <summary>The OpenAI API: models, chat completions, completions.</summary>
internal static class OpenAiApi
{
    public static void Map(IEndpointRouteBuilder routes, Node node)
    {
        _ = routes;
        _ = node;
    }
}
