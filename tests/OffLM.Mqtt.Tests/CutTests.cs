using System.Globalization;
using System.Runtime.InteropServices;
using OffLM.Mqtt.Interop.Paho;
using OffLM.Shared.Mqtt;
using Xunit.Abstractions;

namespace OffLM.Mqtt.Tests;

/// <summary>Counts this process's threads, files and library memory, so nothing else may use the library meanwhile.</summary>
[Collection(nameof(LeakTests))]
public sealed class CutTests(ITestOutputHelper output)
{
    /// <summary>At once, through the one library of this process.</summary>
    private const int Links = 12;

    [Fact]
    public async Task Hundreds_of_cuts_in_the_middle_of_packets_lose_hang_and_leak_nothing()
    {
        var seed = Environment.GetEnvironmentVariable("OFFLM_TEST_SEED") is { Length: > 0 } given ? int.Parse(given, CultureInfo.InvariantCulture) : Random.Shared.Next();
        var cuts = Environment.GetEnvironmentVariable("OFFLM_TEST_ALL") is null ? 20 : 200;
        output.WriteLine($"Seed {seed}.");
        await CutAsync(seed, cuts: 3);   // so that what is made once is there when it is counted first
        var (files, threads, memory) = (Files(), Threads(), Used());

        var links = await CutAsync(seed, cuts);

        foreach (var kind in links.SelectMany(link => link.Gaps).GroupBy(gap => gap.Cut.Kind))
        {
            output.WriteLine($"{kind.Key}: {kind.Count()} cuts, the next attempt {kind.Average(gap => gap.Gap.TotalSeconds):0.00} s later, at most {kind.Max(gap => gap.Gap.TotalSeconds):0.00} s.");
        }

        output.WriteLine($"{PahoClient.Abandoned} clients were never destroyed.");
        output.WriteLine($"{links.Sum(link => link.Sent.Acknowledged)} acknowledged, {links.Sum(link => link.Sent.Failed)} failed, {links.Sum(link => link.Received)} received.");
        Assert.All(links, link => Assert.True(link.Gaps.Count >= cuts - 1));
        Assert.All(links.SelectMany(link => link.Gaps), gap => Assert.True(gap.Gap < CutLink.Bound, $"{gap.Cut}: {gap.Gap}"));
        await TestClient.UntilAsync(
            () => Files().Count <= files.Count && Threads().Count <= threads.Count,
            () => $"no more files and threads than before, but there are {string.Join(", ", Files().Concat(Threads()).Except(files).Except(threads))}");

        // What the library had not begun to write when a link broke, it forgets: at most the window, each time.
        Assert.InRange(Used(), 0, memory + (Links * cuts * 128 * 1024L));
    }

    private static async Task<CutLink[]> CutAsync(int seed, int cuts)
    {
        await using var broker = await MosquittoBroker.StartAsync(new() { Lines = ["max_queued_messages 0"] });
        CutLink[] links = [.. Enumerable.Range(0, Links).Select(i => new CutLink(unchecked(seed + i), cuts, broker))];
        await Task.WhenAll(links.Select(link => link.RunAsync()));
        return links;
    }

    /// <summary>All but plain files: the runtime opens its own when it likes.</summary>
    private static List<string> Files() => [.. Names("/proc/self/fd", file => $"{file} {new FileInfo(file).LinkTarget}").Where(name => !name.Contains(" /", StringComparison.Ordinal))];

    /// <summary>All but the runtime's pool, whose number is its own affair.</summary>
    private static List<string> Threads() =>
        [.. Names("/proc/self/task", thread => $"{thread} {File.ReadAllText(Path.Combine(thread, "comm"))}").Where(name => !name.Contains(".NET TP", StringComparison.Ordinal))];

    private static List<string> Names(string folder, Func<string, string> name)
    {
        var names = new List<string>();
        foreach (var entry in Directory.GetFileSystemEntries(folder))
        {
            try
            {
                names.Add(name(entry));
            }
            catch (IOException)
            {
                // Gone since.
            }
        }

        return names;
    }

    /// <summary>Bytes that the library has allocated and not freed.</summary>
    private static long Used() => Marshal.ReadInt64(Heap_get_info());

    [DllImport("libpaho-mqtt3as.so.1")]
    private static extern nint Heap_get_info();
}
