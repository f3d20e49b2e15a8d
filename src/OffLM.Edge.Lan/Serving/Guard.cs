using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using OffLM.Edge.Work.Requests;

namespace OffLM.Edge.Lan.Serving;

/// <summary>Stands around an API's endpoints: whatever they throw becomes an error in that API's form.</summary>
internal sealed partial class Guard(IErrorFormat format, ILogger<Guard> logger)
{
    /// <summary>The endpoint with its errors answered.</summary>
    public RequestDelegate Around(RequestDelegate endpoint) => context => RunAsync(endpoint, context);

    /// <summary>Answers with an error.</summary>
    public static Task WriteAsync(HttpContext context, IErrorFormat format, ErrorResponse error, CompletedAnswer? completed = null)
    {
        context.Response.StatusCode = error.Status;
        if (error.RetryAfter is { } wait)
        {
            context.Response.Headers.RetryAfter = Math.Max(1, Math.Ceiling(wait.TotalSeconds)).ToString("F0", CultureInfo.InvariantCulture);
        }

        return JsonResponse.WriteAsync(context, json => format.WriteError(json, error, completed));
    }

    private async Task RunAsync(RequestDelegate endpoint, HttpContext context)
    {
        try
        {
            await endpoint(context);
        }
        catch (Exception e) when (context.RequestAborted.IsCancellationRequested && e is OperationCanceledException or IOException)
        {
            // The client went away; nobody is left to be told.
        }
        catch (Exception e)
        {
            var error = ErrorResponse.From(e);
            if (error is null)
            {
                // Without the message: one from a library may quote what it was given.
                LogUnexpected(context.Request.Path, e.GetType().FullName, e.StackTrace);
            }

            if (context.Response.HasStarted)
            {
                context.Abort();
                return;
            }

            context.Response.Clear();
            await WriteAsync(context, format, error ?? ErrorResponse.Internal);
        }
    }

    [LoggerMessage(LogLevel.Error, "{Path} failed with {Exception}:\n{StackTrace}")]
    private partial void LogUnexpected(PathString path, string? exception, string? stackTrace);
}
