using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using Microsoft.AspNetCore.Http;

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

    private static async Task<byte[]> ReadBytesAsync(HttpContext context)
    {
        var reader = context.Request.BodyReader;
        while (true)
        {
            var read = await reader.ReadAsync(context.RequestAborted);
            if (read.IsCompleted)
            {
                var bytes = read.Buffer.ToArray();
                reader.AdvanceTo(read.Buffer.End);
                return bytes;
            }

            reader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        }
    }

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
