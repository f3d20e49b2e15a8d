using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OffLM.Edge.Lan.Serving;
using OffLM.Edge.Work;

namespace OffLM.Edge.Lan.OpenAi;

/// <summary>The OpenAI API: models, chat completions, completions, embeddings.</summary>
internal static class OpenAiApi
{
    public static void Map(IEndpointRouteBuilder routes, Node node, LanOptions options)
    {
        var guard = new Guard(OpenAiErrorFormat.Instance, routes.ServiceProvider.GetRequiredService<ILoggerFactory>().CreateLogger<Guard>());
        var models = new ModelEndpoints(node);
        var delivery = new AnswerDelivery(node, new ReaderPatience(options.ReaderPatience, TimeProvider.System));
        var chat = new ChatEndpoint(node, delivery, TimeProvider.System);
        var completions = new CompletionEndpoint(delivery, TimeProvider.System);
        routes.MapGet("/v1/models", guard.Around(models.ListAsync));
        routes.MapGet("/v1/models/{**id}", guard.Around(models.ShowAsync));
        routes.MapPost("/v1/chat/completions", guard.Around(chat.HandleAsync));
        routes.MapPost("/v1/completions", guard.Around(completions.HandleAsync));
        routes.MapPost("/v1/embeddings", guard.Around(new EmbeddingEndpoint(node).HandleAsync));
        routes.MapPost("/v1/responses", guard.Around(RefuseResponses));
        routes.Map("/v1/{**rest}", guard.Around(RefuseUnknown));
    }

    private static Task RefuseResponses(HttpContext context) =>
        throw ApiException.NotImplemented("This version has no /v1/responses. Use /v1/chat/completions.");

    private static Task RefuseUnknown(HttpContext context) => throw new ApiException(new ErrorResponse(
        StatusCodes.Status404NotFound,
        "There is no such method and path here. There are GET /v1/models, POST /v1/chat/completions, POST /v1/completions and POST /v1/embeddings.",
        ErrorResponse.InvalidRequestType,
        "unknown_url"));
}
