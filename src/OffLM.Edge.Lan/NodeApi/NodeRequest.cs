using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace OffLM.Edge.Lan.NodeApi;

/// <summary>Reads what the node API's endpoints are given.</summary>
internal static class NodeRequest
{
    /// <summary>The rows of a page when nobody says how many.</summary>
    public const int DefaultLimit = 50;

    /// <summary>A path segment; a slash inside it is sent as %2F, which the server leaves as it is.</summary>
    public static string Segment(HttpContext context, string name) =>
        (context.GetRouteValue(name) as string ?? "").Replace("%2F", "/", StringComparison.OrdinalIgnoreCase);

    /// <exception cref="NodeApiException">It is no whole number.</exception>
    public static ulong? Number(HttpContext context, string name)
    {
        if (Text(context, name) is not { } text)
        {
            return null;
        }

        return ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number
            : throw NodeApiException.BadRequest($"'{name}' must be a whole number from 0.");
    }

    /// <exception cref="NodeApiException">It is no number from 1 to the most that a page holds.</exception>
    public static int Limit(HttpContext context, int most) => Number(context, "limit") switch
    {
        null => DefaultLimit,
        > 0 and var limit when limit <= (ulong)most => (int)limit,
        _ => throw NodeApiException.BadRequest($"'limit' must be a whole number from 1 to {most}."),
    };

    /// <exception cref="NodeApiException">Neither true nor false.</exception>
    public static bool Flag(HttpContext context, string name) => Text(context, name) switch
    {
        null or "false" => false,
        "true" => true,
        _ => throw NodeApiException.BadRequest($"'{name}' must be true or false."),
    };

    public static string? Text(HttpContext context, string name) => context.Request.Query[name] is [{ Length: > 0 } text] ? text : null;

    /// <summary>The body as JSON.</summary>
    /// <exception cref="NodeApiException">Not JSON, or not what is expected; names the place, quotes nothing.</exception>
    public static async Task<T> BodyAsync<T>(HttpContext context, JsonTypeInfo<T> type)
        where T : class
    {
        try
        {
            return await JsonSerializer.DeserializeAsync(context.Request.Body, type, context.RequestAborted)
                ?? throw NodeApiException.BadRequest("The body is null; expected a JSON object.");
        }
        catch (JsonException e)
        {
            throw NodeApiException.BadRequest(
                $"The body is not what is expected here, at {e.Path ?? "$"} (line {(e.LineNumber ?? 0) + 1}). /node/v1/openapi.json describes it.");
        }
    }
}
