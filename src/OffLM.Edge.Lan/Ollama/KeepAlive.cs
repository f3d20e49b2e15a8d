using System.Globalization;
using System.Text.Json;
using OffLM.Edge.Lan.Serving;

namespace OffLM.Edge.Lan.Ollama;

/// <summary>Reads <c>keep_alive</c>: seconds, or a duration as Go writes it (<c>1h30m</c>); negative pins the model, zero unloads it.</summary>
internal static class KeepAlive
{
    private const string Name = "keep_alive";

    /// <summary>Longer than this is for ever.</summary>
    private const double MaxSeconds = 3650.0 * 24 * 3600;

    private static readonly (string Unit, double Seconds)[] Units =
        [("ns", 1e-9), ("us", 1e-6), ("µs", 1e-6), ("ms", 1e-3), ("s", 1), ("m", 60), ("h", 3600)];

    /// <returns>Null if the request doesn't say.</returns>
    public static TimeSpan? Read(Fields request)
    {
        if (!request.TryGet(Name, out var value))
        {
            return null;
        }

        var seconds = value.ValueKind switch
        {
            JsonValueKind.Number => value.GetDouble(),
            JsonValueKind.String => Parse(Fields.TextOf(value, Name)) ?? throw Wrong("text that is neither"),
            _ => throw Wrong(Fields.Describe(value)),
        };
        return seconds is < 0 or > MaxSeconds ? Timeout.InfiniteTimeSpan : TimeSpan.FromSeconds(seconds);
    }

    /// <summary>A duration in seconds; null if it is none.</summary>
    internal static double? Parse(string text)
    {
        if (double.TryParse(text, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var bare))
        {
            return bare;
        }

        var rest = text.AsSpan();
        var sign = rest is ['-', ..] ? -1 : 1;
        rest = rest.TrimStart("+-");
        var total = 0.0;
        if (rest.IsEmpty)
        {
            return null;
        }

        while (!rest.IsEmpty)
        {
            var digits = rest.IndexOfAnyExcept("0123456789.");
            if (digits <= 0 || !double.TryParse(rest[..digits], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number))
            {
                return null;
            }

            rest = rest[digits..];
            var next = rest.IndexOfAny("0123456789.");
            var unit = (next < 0 ? rest : rest[..next]).ToString();
            var seconds = Array.Find(Units, u => u.Unit == unit).Seconds;
            if (seconds == 0)
            {
                return null;
            }

            total += number * seconds;
            rest = rest[unit.Length..];
        }

        return sign * total;
    }

    private static ApiException Wrong(string came) => Fields.Wrong(Name, "a number of seconds, or a duration such as 5m or 1h30m", came);
}
