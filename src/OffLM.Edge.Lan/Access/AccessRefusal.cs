using Microsoft.AspNetCore.Http;

namespace OffLM.Edge.Lan.Access;

/// <summary>Why somebody doesn't get in.</summary>
/// <param name="Status">The HTTP status.</param>
/// <param name="Message">What was wrong and what to do.</param>
/// <param name="Type">OpenAI's error type.</param>
/// <param name="Code">OpenAI's error code.</param>
/// <param name="Challenge">For <c>WWW-Authenticate</c>; null for none.</param>
/// <param name="RetryAfter">When asking again may help; null if it won't by itself.</param>
internal sealed record AccessRefusal(int Status, string Message, string Type, string Code, string? Challenge = null, TimeSpan? RetryAfter = null)
{
    public Task WriteAsync(HttpContext context)
    {
        if (Challenge is not null)
        {
            context.Response.Headers.WWWAuthenticate = Challenge;
        }

        return ErrorBody.WriteAsync(context, Status, Message, Type, Code, RetryAfter);
    }
}
