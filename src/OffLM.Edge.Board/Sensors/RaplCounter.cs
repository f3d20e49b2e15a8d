using OffLM.Edge.Board.Sysfs;

namespace OffLM.Edge.Board.Sensors;

/// <summary>
/// A running energy counter (RAPL: <see href="https://docs.kernel.org/power/powercap/powercap.html"/>). It counts microjoules up to its
/// range and begins anew; a package does that about once an hour under load. Reading allocates nothing. Not thread-safe.
/// </summary>
public sealed class RaplCounter : IDisposable
{
    private readonly SysfsFile _file;
    private readonly TimeProvider _time;
    private readonly long _range;
    private long _last;
    private long _lastAt;
    private bool _hasLast;

    internal RaplCounter(string name, string file, long range, TimeProvider time)
    {
        (Name, _file, _range, _time) = (name, new SysfsFile(file, time), range, time);
    }

    public string Name { get; }

    /// <summary>Mean power since the reading before, milliwatts; NaN at first and while it can't be read.</summary>
    public double Milliwatts { get; private set; } = double.NaN;

    /// <summary>How many readings failed.</summary>
    public long Unreadable { get; private set; }

    /// <summary>How often the counter began anew.</summary>
    public long Wraps { get; private set; }

    /// <summary>Takes a reading.</summary>
    internal void Read()
    {
        var now = _time.GetTimestamp();
        if (!_file.TryRead(out var counter))
        {
            Unreadable++;
            (_hasLast, Milliwatts) = (false, double.NaN);
            return;
        }

        if (_hasLast)
        {
            var seconds = _time.GetElapsedTime(_lastAt, now).TotalSeconds;
            if (seconds <= 0)
            {
                return;
            }

            var counted = counter - _last;
            if (counted < 0)
            {
                counted += _range;
                Wraps++;
            }

            Milliwatts = counted / seconds / 1000;
        }

        (_last, _lastAt, _hasLast) = (counter, now, true);
    }

    public void Dispose() => _file.Dispose();

    /// <summary>The packages of this machine, and the platform's own counter where there is one; parts of a package are left out.</summary>
    internal static IReadOnlyList<RaplCounter> Find(SysfsRoot root, TimeProvider time)
    {
        var counters = new List<RaplCounter>();
        foreach (var folder in root.Folders("/sys/class/powercap", "intel-rapl:*"))
        {
            var isPart = Path.GetFileName(folder).Count(c => c == ':') > 1;
            if (!isPart && SysfsRoot.Text($"{folder}/name") is { } name && SysfsRoot.Number($"{folder}/max_energy_range_uj") is > 0 and var range)
            {
                counters.Add(new RaplCounter(name, $"{folder}/energy_uj", range, time));
            }
        }

        return counters;
    }
}
