using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OffLM.Edge.Lan.Access;
using OffLM.Edge.Lan.Serving;
using OffLM.Edge.Work;

namespace OffLM.Edge.Lan.Ollama;

/// <summary>The Ollama API.</summary>
internal static class OllamaApi
{
    private static readonly string[] GetAndHead = [HttpMethods.Get, HttpMethods.Head];

    public static void Map(IEndpointRouteBuilder routes, Node node, LanOptions options)
    {
        var guard = new Guard(PlainErrorFormat.Instance, routes.ServiceProvider.GetRequiredService<ILoggerFactory>().CreateLogger<Guard>());
        var patience = new ReaderPatience(options.ReaderPatience, TimeProvider.System);
        var delivery = new AnswerDelivery(node, patience);
        var info = new InfoEndpoints(node);
        routes.MapMethods("/", GetAndHead, guard.Around(InfoEndpoints.RootAsync));
        routes.MapMethods("/api/version", GetAndHead, guard.Around(info.VersionAsync));
        routes.MapMethods("/api/tags", GetAndHead, guard.Around(info.TagsAsync));
        routes.MapGet("/api/ps", guard.Around(info.LoadedAsync));
        routes.MapPost("/api/show", guard.Around(new ShowEndpoint(node).HandleAsync));
        routes.MapPost("/api/generate", guard.Around(new GenerateEndpoint(node, delivery, TimeProvider.System).HandleAsync));
        routes.MapPost("/api/chat", guard.Around(new OllamaChatEndpoint(node, delivery, TimeProvider.System).HandleAsync));
        routes.MapPost("/api/pull", guard.Around(new PullEndpoint(node, options.ModelSource, patience).HandleAsync)).RequireAdmin();
        routes.MapDelete("/api/delete", guard.Around(new DeleteEndpoint(node).HandleAsync)).RequireAdmin();
        var embed = new EmbedEndpoint(node);
        routes.MapPost("/api/embed", guard.Around(embed.HandleAsync));
        routes.MapPost("/api/embeddings", guard.Around(embed.HandleOneAsync));
        foreach (var path in (string[])["/api/create", "/api/copy", "/api/push"])
        {
            routes.MapPost(path, guard.Around(RefuseMaking));
        }
    }

    private static Task RefuseMaking(HttpContext context) =>
        throw ApiException.NotImplemented("Models can't be made, copied or pushed here; they are pulled as they are, and their id proves it.");
}
