using Microsoft.AspNetCore.Http;
using OffLM.Edge.Lan.OpenAi;
using OffLM.Edge.Lan.Serving;

namespace OffLM.Edge.Lan.Access;

/// <summary>Why somebody doesn't get in.</summary>
/// <param name="Error">What is told.</param>
/// <param name="Challenge">For <c>WWW-Authenticate</c>; null for none.</param>
internal sealed record AccessRefusal(ErrorResponse Error, string? Challenge = null)
{
    private const string PermissionType = "permission_error";
    private const string Realm = "Bearer realm=\"offlm\"";

    /// <summary>No key.</summary>
    public static AccessRefusal KeyNeeded(string message) => Unauthorized(message, Realm);

    /// <summary>A key that is none, or none any more (RFC 6750 §3.1).</summary>
    public static AccessRefusal WrongKey(string message) => Unauthorized(message, Realm + ", error=\"invalid_token\"");

    /// <summary>Known, or needing no key, but not allowed this.</summary>
    public static AccessRefusal Forbidden(string message, string code) => new(new ErrorResponse(StatusCodes.Status403Forbidden, message, PermissionType, code));

    /// <summary>Too many wrong keys.</summary>
    public static AccessRefusal TooManyWrongKeys(TimeSpan wait) => new(new ErrorResponse(
        StatusCodes.Status429TooManyRequests,
        "Too many wrong API keys came from this address. Wait, then try the right one.",
        "rate_limit_error",
        "too_many_wrong_keys",
        RetryAfter: wait));

    /// <summary>In the shape that the clients of the path expect.</summary>
    public Task WriteAsync(HttpContext context)
    {
        if (Challenge is not null)
        {
            context.Response.Headers.WWWAuthenticate = Challenge;
        }

        IErrorFormat format = context.Request.Path.StartsWithSegments("/v1") ? OpenAiErrorFormat.Instance : PlainErrorFormat.Instance;
        return Guard.WriteAsync(context, format, Error);
    }

    private static AccessRefusal Unauthorized(string message, string challenge) =>
        new(new ErrorResponse(StatusCodes.Status401Unauthorized, message, ErrorResponse.InvalidRequestType, "invalid_api_key"), challenge);
}
