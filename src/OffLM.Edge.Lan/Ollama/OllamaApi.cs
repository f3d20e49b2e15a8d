using Microsoft.AspNetCore.Routing;
using OffLM.Edge.Work;

namespace OffLM.Edge.Lan.Ollama;

/// <summary>The Ollama API.</summary>
internal static class OllamaApi
{
    public static void Map(IEndpointRouteBuilder routes, Node node, LanOptions options)
    {
        _ = routes;
        _ = node;
        _ = options;
    }
}
