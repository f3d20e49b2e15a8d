using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using OffLM.Edge.Lan.Serving;
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
            var error = ErrorOf(e);
            if (error is null)
            {
                // Without the message: one from a library may quote what it was given.
                LogUnexpected(context.Request.Path, e.GetType().FullName, e.StackTrace);
            }

            context.Response.Clear();
            await Guard.WriteAsync(context, PlainErrorFormat.Instance, error ?? ErrorResponse.Internal);
        }
        catch (Exception e)
        {
            // A client sees a broken connection instead of a document that looks whole.
            LogUnexpected(context.Request.Path, e.GetType().FullName, e.StackTrace);
            context.Abort();
        }
    }

    private static ErrorResponse? ErrorOf(Exception error) => error switch
    {
        NodeApiException known => Error(known.Status, known.Message),
        ExportException or LedgerRolledBackException => Error(StatusCodes.Status409Conflict, error.Message),
        KeyUnavailableException or LedgerUnavailableException or LedgerFullException => Error(StatusCodes.Status503ServiceUnavailable, error.Message),

        // Of a damaged row: the message names it and what to do.
        FormatException => Error(StatusCodes.Status500InternalServerError, error.Message),
        _ => ErrorResponse.From(error),
    };

    private static ErrorResponse Error(int status, string message) => new(status, message, ErrorResponse.InvalidRequestType);

    [LoggerMessage(LogLevel.Error, "{Path} failed with {Exception}:\n{StackTrace}")]
    private partial void LogUnexpected(PathString path, string? exception, string? stackTrace);
}
