using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace OffLM.Edge.Lan.Access;

/// <summary>Writes an error in the shape that the clients of a path expect: OpenAI's under <c>/v1</c>, <c>{"error": "…"}</c> elsewhere.</summary>
internal static class ErrorBody
{
    /// <param name="context">Its response must not have started.</param>
    /// <param name="status">The HTTP status.</param>
    /// <param name="message">What was wrong, what was expected, what to do; quotes nothing of the request's body.</param>
    /// <param name="type">OpenAI's error type.</param>
    /// <param name="code">OpenAI's error code; null for none.</param>
    /// <param name="retryAfter">When asking again may help; null if it won't by itself.</param>
    public static Task WriteAsync(
        HttpContext context, int status, string message, string type = "invalid_request_error", string? code = null, TimeSpan? retryAfter = null)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json; charset=utf-8";
        if (retryAfter is { } wait)
        {
            context.Response.Headers.RetryAfter = Math.Max(1, Math.Ceiling(wait.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
        }

        using var body = new MemoryStream();
        using (var writer = new Utf8JsonWriter(body))
        {
            writer.WriteStartObject();
            if (context.Request.Path.StartsWithSegments("/v1"))
            {
                writer.WriteStartObject("error");
                writer.WriteString("message", message);
                writer.WriteString("type", type);
                writer.WriteNull("param");
                writer.WriteString("code", code);
                writer.WriteEndObject();
            }
            else
            {
                writer.WriteString("error", message);
            }

            writer.WriteEndObject();
        }

        return context.Response.Body.WriteAsync(body.GetBuffer().AsMemory(0, (int)body.Length), context.RequestAborted).AsTask();
    }
}
