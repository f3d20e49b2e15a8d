using OffLM.Edge.Board.Boards;
using OffLM.Edge.Board.Sysfs;

namespace OffLM.Edge.Board.Sensors;

/// <summary>Everything that a board can say about itself. One <see cref="Read"/> takes all readings and allocates nothing. Not thread-safe.</summary>
public sealed class BoardSensors : IDisposable
{
    /// <summary>A temperature that stands still while the others move this far is no measurement, degrees Celsius.</summary>
    private const double FrozenBeside = 8;

    /// <summary>The same for the only temperature there is, while power moves this far, milliwatts.</summary>
    private const double FrozenUnderLoad = 4000;

    private readonly ThermalZone[] _zones;
    private readonly PowerRail[] _rails;
    private readonly PowerRail[] _whole;
    private readonly RaplCounter[] _counters;

    private BoardSensors(BoardFile board, SysfsRoot root, double? limit, TimeProvider time)
    {
        Board = board;
        Root = root;
        _zones = [.. ThermalZones.Find(root, board.Zones, limit, time)];
        _rails = [.. PowerRails.Find(root, board.Rails, time)];
        _whole = [.. Whole()];
        var counters = RaplCounter.Find(root, time);

        // The platform's own counter holds the packages.
        _counters = [.. counters.Any(c => c.Name == "psys") ? counters.Where(c => c.Name == "psys") : counters];
        Fan = FanDevice.Find(root, board.Fan, time);
        Gpu = GpuClock.Find(root, board.Gpu, time);
        PowerModes = PowerModes.Find(root);
        PowerSource = _whole.Length == 0 && _counters.Length == 0 ? PowerSource.None
            : board.Simulation is not null ? PowerSource.Simulated
            : _whole.Length > 0 ? PowerSource.Rail
            : PowerSource.Rapl;
    }

    public BoardFile Board { get; }

    public SysfsRoot Root { get; }

    public IReadOnlyList<ThermalZone> Zones => _zones;

    public IReadOnlyList<PowerRail> Rails => _rails;

    public IReadOnlyList<RaplCounter> Counters => _counters;

    /// <summary>The rails that add up to the total; empty where RAPL does that, or nothing.</summary>
    public IReadOnlyList<PowerRail> TotalRails => _whole;

    public FanDevice? Fan { get; }

    public GpuClock? Gpu { get; }

    public PowerModes? PowerModes { get; }

    public PowerSource PowerSource { get; }

    /// <summary>The whole board's draw, milliwatts; NaN while a part of it is unknown.</summary>
    public double TotalMilliwatts { get; private set; } = double.NaN;

    /// <summary>The smallest distance of a governed zone to its limit, degrees; NaN while no zone has a reading.</summary>
    public double WorstMargin { get; private set; } = double.NaN;

    /// <summary>The smallest distance of a governed zone to its critical temperature, degrees; NaN while no zone has a reading.</summary>
    public double WorstCriticalMargin { get; private set; } = double.NaN;

    /// <summary>The hottest governed zone, degrees Celsius; NaN while no zone has a reading.</summary>
    public double HottestCelsius { get; private set; } = double.NaN;

    /// <summary>True if there are governed zones.</summary>
    public bool HasGovernedZones => _zones.Any(z => z.IsGoverned);

    /// <summary>Finds what there is.</summary>
    /// <param name="board">Where to look, and for what.</param>
    /// <param name="root">Under which root.</param>
    /// <param name="limit">The owner's limit in degrees Celsius; null for the board's.</param>
    /// <param name="time">For the sensors.</param>
    public static BoardSensors Find(BoardFile board, SysfsRoot root, double? limit, TimeProvider time) => new(board, root, limit, time);

    /// <summary>Takes all readings.</summary>
    public void Read()
    {
        ReadPower();
        ReadZones();
        Fan?.Read();
        Gpu?.Read();
    }

    public void Dispose()
    {
        Array.ForEach(_zones, z => z.Sensor.Dispose());
        Array.ForEach(_rails, r => r.Sensor.Dispose());
        Array.ForEach(_counters, c => c.Dispose());
        Fan?.Dispose();
        Gpu?.Dispose();
    }

    private IEnumerable<PowerRail> Whole()
    {
        foreach (var name in Board.Rails.Total)
        {
            if (Array.Find(_rails, r => r.Name == name) is { } total)
            {
                return [total];
            }
        }

        return Board.Rails.Sum.Count == 0 ? _rails : _rails.Where(r => Board.Rails.Sum.Contains(r.Name));
    }

    private void ReadPower()
    {
        // The hottest temperature of the last round: a rail that stands still while it moves is frozen.
        var hottest = double.NaN;
        foreach (var zone in _zones)
        {
            hottest = zone.Sensor.IsPresent && !(zone.Celsius < hottest) ? zone.Celsius : hottest;
        }

        foreach (var rail in _rails)
        {
            rail.Sensor.Read(hottest, FrozenBeside);
        }

        var total = 0.0;
        foreach (var rail in _whole)
        {
            total += rail.Milliwatts;
        }

        foreach (var counter in _counters)
        {
            counter.Read();
            total += _whole.Length == 0 ? counter.Milliwatts : 0;
        }

        TotalMilliwatts = PowerSource == PowerSource.None ? double.NaN : total;
    }

    private void ReadZones()
    {
        var (sum, count) = (0.0, 0);
        foreach (var zone in _zones)
        {
            (sum, count) = zone.Sensor.IsPresent ? (sum + zone.Celsius, count + 1) : (sum, count);
        }

        (WorstMargin, WorstCriticalMargin, HottestCelsius) = (double.NaN, double.NaN, double.NaN);
        foreach (var zone in _zones)
        {
            var own = zone.Sensor.IsPresent;
            var others = count - (own ? 1 : 0);
            if (_zones.Length == 1)
            {
                zone.Sensor.Read(TotalMilliwatts, FrozenUnderLoad);
            }
            else
            {
                zone.Sensor.Read(others > 0 ? (sum - (own ? zone.Celsius : 0)) / others : double.NaN, FrozenBeside);
            }

            if (zone.IsGoverned && zone.Sensor.IsPresent)
            {
                HottestCelsius = !(zone.Celsius < HottestCelsius) ? zone.Celsius : HottestCelsius;
                WorstMargin = !(zone.Limit - zone.Celsius > WorstMargin) ? zone.Limit - zone.Celsius : WorstMargin;
                WorstCriticalMargin = !(zone.Critical - zone.Celsius > WorstCriticalMargin) ? zone.Critical - zone.Celsius : WorstCriticalMargin;
            }
        }
    }
}
