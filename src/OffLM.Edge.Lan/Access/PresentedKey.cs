using System.Text;
using Microsoft.AspNetCore.Http;

namespace OffLM.Edge.Lan.Access;

/// <summary>What a request's <c>Authorization</c> header offers.</summary>
/// <param name="Secret">The key; null if the header has no form that holds one.</param>
/// <param name="SentByBrowser">True if a browser may have added it by itself: then it proves nothing about the page that asks.</param>
internal readonly record struct PresentedKey(string? Secret, bool SentByBrowser)
{
    /// <summary>Reads <c>Bearer KEY</c> (RFC 6750 §2.1), or the password of <c>Basic</c> (RFC 7617 §2) for clients that can't send one.</summary>
    /// <returns>Null without the header.</returns>
    public static PresentedKey? Read(HttpRequest request)
    {
        var values = request.Headers.Authorization;
        if (values.Count == 0)
        {
            return null;
        }

        var header = values.Count == 1 ? values[0] ?? "" : "";
        if (header.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase))
        {
            return new(NullIfEmpty(header["Bearer ".Length..].Trim()), false);
        }

        return header.StartsWith("Basic ", StringComparison.OrdinalIgnoreCase)
            ? new(NullIfEmpty(PasswordOf(header["Basic ".Length..].Trim())), true)
            : new(null, false);
    }

    private static string? PasswordOf(string encoded)
    {
        var bytes = new byte[encoded.Length];
        if (!Convert.TryFromBase64String(encoded, bytes, out var length))
        {
            return null;
        }

        var pair = Encoding.UTF8.GetString(bytes, 0, length);
        var colon = pair.IndexOf(':', StringComparison.Ordinal);
        return colon < 0 ? null : pair[(colon + 1)..];
    }

    private static string? NullIfEmpty(string? text) => string.IsNullOrEmpty(text) ? null : text;
}
