using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using OffLM.Edge.Inference;
using OffLM.Edge.Lan.Access;
using OffLM.Edge.Metering;
using OffLM.Edge.Metering.Documents;
using OffLM.Edge.Signing;

namespace OffLM.Edge.Lan.NodeApi;

/// <summary>Stands around the node API's endpoints: what the rooms below say becomes an error with the right status.</summary>
internal sealed partial class NodeHandler(ILogger<NodeHandler> logger)
{
    /// <summary>The endpoint with its errors answered.</summary>
    public RequestDelegate Around(RequestDelegate endpoint) => context => RunAsync(endpoint, context);

    private async Task RunAsync(RequestDelegate endpoint, HttpContext context)
    {
        try
        {
            await endpoint(context);
        }
        catch (Exception) when (context.RequestAborted.IsCancellationRequested)
        {
            // The client went away; nobody is left to be told.
        }
        catch (Exception e) when (!context.Response.HasStarted)
        {
            if (StatusOf(e) is { } status)
            {
                await ErrorBody.WriteAsync(context, status, e.Message);
                return;
            }

            // Without the message: one from a library may quote what it was given.
            LogUnexpected(context.Request.Path, e.GetType().FullName, e.StackTrace);
            await ErrorBody.WriteAsync(context, StatusCodes.Status500InternalServerError, "Something went wrong inside the node. Its log says what.", "server_error");
        }
        catch (Exception e)
        {
            // A client sees a broken connection instead of a document that looks whole.
            LogUnexpected(context.Request.Path, e.GetType().FullName, e.StackTrace);
            context.Abort();
        }
    }

    private static int? StatusOf(Exception error) => error switch
    {
        NodeApiException known => known.Status,
        ModelNotFoundException => StatusCodes.Status404NotFound,
        ModelBusyException or ExportException => StatusCodes.Status409Conflict,
        ModelPullException => StatusCodes.Status502BadGateway,
        KeyUnavailableException or LedgerUnavailableException or LedgerFullException => StatusCodes.Status503ServiceUnavailable,

        // Of a damaged row: the message names it and what to do.
        FormatException => StatusCodes.Status500InternalServerError,
        BadHttpRequestException bad => bad.StatusCode,
        _ => null,
    };

    [LoggerMessage(LogLevel.Error, "{Path} failed with {Exception}:\n{StackTrace}")]
    private partial void LogUnexpected(PathString path, string? exception, string? stackTrace);
}
