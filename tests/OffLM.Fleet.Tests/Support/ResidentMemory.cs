using System.Globalization;

namespace OffLM.Fleet.Tests.Support;

/// <summary>What a process holds in memory, from /proc.</summary>
internal static class ResidentMemory
{
    /// <summary>Megabytes.</summary>
    public static double Of(int process)
    {
        var line = File.ReadLines($"/proc/{process}/status").First(l => l.StartsWith("VmRSS:", StringComparison.Ordinal));
        return double.Parse(line["VmRSS:".Length..^"kB".Length], CultureInfo.InvariantCulture) / 1024;
    }
}
