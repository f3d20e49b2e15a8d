using Microsoft.AspNetCore.Http;
using OffLM.Edge.Work.Requests;

namespace OffLM.Edge.Lan.Serving;

/// <summary>The <c>Idempotency-Key</c> header (draft-ietf-httpapi-idempotency-key-header).</summary>
internal static class RetryHeader
{
    private const string Name = "Idempotency-Key";
    private const int MaxLength = 255;

    /// <summary>The request with the client's key, if it sent one.</summary>
    /// <exception cref="ApiException">The key is too long, or there are several.</exception>
    public static WorkRequest Apply(WorkRequest request, HttpContext context, RequestBody body)
    {
        var (key, digest) = Read(context, body);
        return key is null ? request : request with { RetryKey = key, RetryDigest = digest };
    }

    /// <summary>The client's key, and what was asked under it; nulls if it sent none.</summary>
    /// <exception cref="ApiException">The key is too long, or there are several.</exception>
    public static (string? Key, string? Digest) Read(HttpContext context, RequestBody body)
    {
        var values = context.Request.Headers[Name];
        if (values.Count == 0 || (values.Count == 1 && string.IsNullOrEmpty(values[0])))
        {
            return (null, null);
        }

        return values is [{ Length: <= MaxLength } key]
            ? (key, body.Digest(context.Request.Path))
            : throw ApiException.BadRequest($"The header {Name} must be one key of at most {MaxLength} characters.");
    }
}
