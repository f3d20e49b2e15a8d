using System.Globalization;
using System.Runtime.InteropServices;

namespace OffLM.Edge.Bench.Figures;

/// <summary>What the figures were measured on.</summary>
internal static class Machine
{
    public static string Describe()
    {
        var memory = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 1e9;
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{Field("/proc/cpuinfo", "model name") ?? RuntimeInformation.ProcessArchitecture.ToString()}, {Environment.ProcessorCount} cores, {memory:F0} GB, Linux {Kernel()}, .NET {Environment.Version}");
    }

    /// <summary>The load at this moment: above 1 before anything runs, others are at work and the figures are worse than they could be.</summary>
    public static double Load() => double.Parse(File.ReadAllText("/proc/loadavg").Split(' ')[0], CultureInfo.InvariantCulture);

    private static string Kernel() => File.ReadAllText("/proc/sys/kernel/osrelease").Trim();

    private static string? Field(string file, string name) =>
        File.ReadLines(file).FirstOrDefault(line => line.StartsWith(name, StringComparison.Ordinal))?.Split(':', 2)[1].Trim();
}
