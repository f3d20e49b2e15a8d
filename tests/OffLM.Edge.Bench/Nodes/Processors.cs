using System.Diagnostics;

namespace OffLM.Edge.Bench.Nodes;

/// <summary>Which processors a program runs on.</summary>
internal static class Processors
{
    /// <summary>A command with its output redirected.</summary>
    /// <param name="processor">The only one it may use, as taskset names it; null for all.</param>
    /// <param name="command">Program and arguments.</param>
    public static ProcessStartInfo Only(string? processor, string[] command)
    {
        string[] whole = processor is null ? command : ["taskset", "--cpu-list", processor, .. command];
        return new(whole[0], whole[1..]) { RedirectStandardError = true, RedirectStandardOutput = true };
    }
}
