using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace OffLM.Edge.Lan.Serving;

/// <summary>A request's body as JSON. Whatever content type it claims: clients send none, or text.</summary>
internal sealed class RequestBody : IDisposable
{
    /// <summary>More than any message or schema needs; bounds what the parser keeps.</summary>
    public const int MaxDepth = 64;

    private readonly byte[] _bytes;
    private readonly JsonDocument _document;

    private RequestBody(byte[] bytes, JsonDocument document)
    {
        _bytes = bytes;
        _document = document;
    }

    /// <summary>The body's fields.</summary>
    public Fields Fields => new(_document.RootElement, "");

    /// <summary>Reads and parses the body.</summary>
    /// <exception cref="ApiException">It is empty, not UTF-8, not JSON, nested too deep, or no object.</exception>
    /// <exception cref="BadHttpRequestException">It is too large, too slow or broken off.</exception>
    public static async Task<RequestBody> ReadAsync(HttpContext context)
    {
        if (context.Request.Headers.ContentEncoding is [{ Length: > 0 } encoding] && encoding != "identity")
        {
            throw new ApiException(new ErrorResponse(
                StatusCodes.Status415UnsupportedMediaType, "The body is compressed; this node takes bodies as they are.", ErrorResponse.InvalidRequestType));
        }

        var bytes = await ReadBytesAsync(context);
        return new RequestBody(bytes, Parse(bytes));
    }

    /// <summary>Names what was asked, for telling a retry from another request under the same idempotency key.</summary>
    public string Digest(PathString path) =>
        Convert.ToHexStringLower(SHA256.HashData([.. Encoding.UTF8.GetBytes(path.Value ?? ""), 0, .. _bytes]));

    public void Dispose() => _document.Dispose();

    internal static JsonDocument Parse(byte[] bytes)
    {
        ReadOnlyMemory<byte> text = bytes.AsSpan().StartsWith("\uFEFF"u8) ? bytes.AsMemory(3) : bytes;
        if (text.Span.IndexOfAnyExcept(" \t\r\n"u8) < 0)
        {
            throw ApiException.BadRequest("The request has no body; a JSON object was expected.");
        }

        if (!Utf8.IsValid(text.Span))
        {
            throw ApiException.BadRequest($"The body is not valid UTF-8 from byte {ValidLength(text.Span)} on.");
        }

        try
        {
            RefuseHalfSurrogates(text.Span);
            var document = JsonDocument.Parse(text, new JsonDocumentOptions { MaxDepth = MaxDepth });
            if (document.RootElement.ValueKind == JsonValueKind.Object)
            {
                return document;
            }

            using (document)
            {
                throw ApiException.BadRequest($"The body is {Fields.Describe(document.RootElement)}; a JSON object was expected.");
            }
        }
        catch (JsonException e)
        {
            throw ApiException.BadRequest(IsTooDeep(text.Span)
                ? $"The body is nested deeper than {MaxDepth} levels."
                : $"The body is not valid JSON: something unexpected is in line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1}.");
        }
    }

    /// <summary>JSON's grammar allows half a surrogate pair to be escaped, but it is no Unicode text, and the parser only says so later.</summary>
    private static void RefuseHalfSurrogates(ReadOnlySpan<byte> text)
    {
        if (text.IndexOf("\\u"u8) < 0)
        {
            return;
        }

        var reader = new Utf8JsonReader(text, new JsonReaderOptions { MaxDepth = MaxDepth });
        while (reader.Read())
        {
            if (!reader.ValueIsEscaped)
            {
                continue;
            }

            try
            {
                _ = reader.GetString();
            }
            catch (InvalidOperationException)
            {
                throw ApiException.BadRequest($"The string at byte {reader.TokenStartIndex} has half a surrogate pair escaped in it, which is no Unicode text.");
            }
        }
    }

    /// <summary>
    /// Reads the body up to the server's limit. What is beyond it is for Kestrel to take and drop, up to a bound: closing on a client
    /// that still sends would show it a broken connection instead of the answer.
    /// </summary>
    private static async Task<byte[]> ReadBytesAsync(HttpContext context)
    {
        const int Dropped = 4;
        var limit = long.MaxValue;
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false, MaxRequestBodySize: { } configured } feature)
        {
            limit = configured;
            feature.MaxRequestBodySize = configured * Dropped;
        }

        if (context.Request.ContentLength > limit)
        {
            throw TooLarge(limit);
        }

        var reader = context.Request.BodyReader;
        while (true)
        {
            var read = await reader.ReadAsync(context.RequestAborted);
            if (read.Buffer.Length > limit)
            {
                reader.AdvanceTo(read.Buffer.End);
                throw TooLarge(limit);
            }

            if (read.IsCompleted)
            {
                var bytes = read.Buffer.ToArray();
                reader.AdvanceTo(read.Buffer.End);
                return bytes;
            }

            reader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        }
    }

    private static ApiException TooLarge(long limit) => new(new ErrorResponse(
        StatusCodes.Status413PayloadTooLarge,
        $"The body is larger than the {limit} bytes that this node takes.",
        ErrorResponse.InvalidRequestType,
        "request_too_large"));

    private static int ValidLength(ReadOnlySpan<byte> text)
    {
        var length = 0;
        while (Rune.DecodeFromUtf8(text[length..], out _, out var consumed) == OperationStatus.Done)
        {
            length += consumed;
        }

        return length;
    }

    /// <summary>True if depth, and nothing before it, is what the parser stumbled over.</summary>
    private static bool IsTooDeep(ReadOnlySpan<byte> text)
    {
        var reader = new Utf8JsonReader(text, new JsonReaderOptions { MaxDepth = int.MaxValue });
        try
        {
            while (reader.Read())
            {
                if (reader.CurrentDepth >= MaxDepth && reader.TokenType is JsonTokenType.StartArray or JsonTokenType.StartObject)
                {
                    return true;
                }
            }
        }
        catch (JsonException)
        {
            return false;
        }

        return false;
    }
}
