using System.Globalization;
using OffLM.Edge.Board.Boards;
using OffLM.Edge.Board.Sysfs;

namespace OffLM.Edge.Board.Sensors;

/// <summary>The GPU's clock and load under devfreq, and the clocks it can be capped to. Reading allocates nothing. Not thread-safe.</summary>
public sealed class GpuClock : IDisposable
{
    private readonly SysfsFile _current;
    private readonly SysfsFile? _load;
    private readonly SysfsFile _cap;

    private GpuClock(string folder, string? load, TimeProvider time)
    {
        CapPath = $"{folder}/max_freq";
        _current = new SysfsFile($"{folder}/cur_freq", time);
        _cap = new SysfsFile(CapPath, time);
        _load = load is null ? null : new SysfsFile(load, time);
        Steps = ClockSteps(SysfsRoot.Text($"{folder}/available_frequencies") ?? "");
    }

    /// <summary>Where the highest allowed clock is written, with the root.</summary>
    public string CapPath { get; }

    /// <summary>Clocks that can be set, hertz, rising.</summary>
    public IReadOnlyList<long> Steps { get; }

    /// <summary>Megahertz; NaN while it can't be read.</summary>
    public double Megahertz { get; private set; } = double.NaN;

    /// <summary>Share of time at work, 0 to 1; NaN where the driver doesn't say.</summary>
    public double Load { get; private set; } = double.NaN;

    /// <summary>The highest allowed clock, hertz; null while it can't be read.</summary>
    public long? Cap => _cap.TryRead(out var hertz) && hertz > 0 ? hertz : null;

    internal void Read()
    {
        Megahertz = _current.TryRead(out var hertz) && hertz > 0 ? hertz / 1e6 : double.NaN;

        // NVIDIA's driver gives thousandths.
        Load = _load is not null && _load.TryRead(out var load) && load is >= 0 and <= 1000 ? load / 1000.0 : double.NaN;
    }

    /// <summary>Caps the clock; false if it may not be written.</summary>
    internal bool TryCap(long hertz) => SysfsWriter.TryWrite(CapPath, hertz);

    private static List<long> ClockSteps(string text)
    {
        var steps = new List<long>();
        foreach (var word in text.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            if (long.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out var hertz) && hertz > 0)
            {
                steps.Add(hertz);
            }
        }

        steps.Sort();
        return steps;
    }

    public void Dispose()
    {
        _current.Dispose();
        _cap.Dispose();
        _load?.Dispose();
    }

    internal static GpuClock? Find(SysfsRoot root, IReadOnlyList<string> names, TimeProvider time)
    {
        foreach (var folder in root.Folders("/sys/class/devfreq", "*"))
        {
            var node = SysfsRoot.Text($"{folder}/device/of_node/name") ?? SysfsRoot.Text($"{folder}/name");
            if (File.Exists($"{folder}/cur_freq")
                && ((node is not null && Wildcard.MatchesAny(names, node)) || Wildcard.MatchesAny(names, Path.GetFileName(folder))))
            {
                var load = ((string[])[$"{folder}/device/load", $"{folder}/load"]).FirstOrDefault(File.Exists);
                return new GpuClock(folder, load, time);
            }
        }

        return null;
    }
}
