using System.Globalization;

namespace OffLM.Fleet.Reports;

/// <summary>Times as people read them.</summary>
internal static class Times
{
    /// <param name="unixMilliseconds">A time; null for never.</param>
    public static string Text(long? unixMilliseconds) => unixMilliseconds is { } at && at <= DateTimeOffset.MaxValue.ToUnixTimeMilliseconds()
        ? DateTimeOffset.FromUnixTimeMilliseconds(at).ToString("u", CultureInfo.InvariantCulture)
        : "never";
}
