using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using OffLM.Edge.Lan.OpenAi;

namespace OffLM.Edge.Lan.Serving;

/// <summary>Tells what is wrong with a request that no endpoint takes: routing says it with a status alone.</summary>
internal static class UnmatchedRequests
{
    public static void Explain(IApplicationBuilder app) => app.Use(next => async context =>
    {
        await next(context);
        var (request, response) = (context.Request, context.Response);
        if (response.HasStarted || response.StatusCode is not (StatusCodes.Status404NotFound or StatusCodes.Status405MethodNotAllowed) || HttpMethods.IsHead(request.Method))
        {
            return;
        }

        var error = new ErrorResponse(
            response.StatusCode,
            response.StatusCode == StatusCodes.Status404NotFound
                ? "There is nothing at this path. OpenAI's API is below /v1/, Ollama's below /api/, the node's own at /node/v1/openapi.json."
                : $"This path takes {response.Headers.Allow}, not {request.Method}.",
            ErrorResponse.InvalidRequestType,
            response.StatusCode == StatusCodes.Status404NotFound ? "unknown_path" : "method_not_allowed");
        IErrorFormat format = request.Path.StartsWithSegments("/v1", StringComparison.Ordinal) ? OpenAiErrorFormat.Instance : PlainErrorFormat.Instance;
        await Guard.WriteAsync(context, format, error);
    });
}
