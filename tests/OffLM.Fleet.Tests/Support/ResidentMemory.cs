using System.Globalization;

namespace OffLM.Fleet.Tests.Support;

/// <summary>What a process holds in memory of its own, from /proc: not the pages of files.</summary>
internal static class ResidentMemory
{
    /// <summary>Megabytes.</summary>
    public static double Of(int process)
    {
        var line = File.ReadLines($"/proc/{process}/status").First(l => l.StartsWith("RssAnon:", StringComparison.Ordinal));
        return double.Parse(line["RssAnon:".Length..^"kB".Length], CultureInfo.InvariantCulture) / 1024;
    }
}
