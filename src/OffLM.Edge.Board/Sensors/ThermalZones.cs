using System.Globalization;
using OffLM.Edge.Board.Boards;
using OffLM.Edge.Board.Sysfs;

namespace OffLM.Edge.Board.Sensors;

/// <summary>Finds temperatures: the kernel's thermal zones with their trips, and what hwmon has beside them.</summary>
internal static class ThermalZones
{
    /// <summary>Below this the kernel's passive trip throttles; the governor stays as far away.</summary>
    private const double BelowThrottling = 5;

    /// <summary>Above this trip the machine switches off; requests are refused as far below.</summary>
    private const double BelowShutdown = 5;

    /// <summary>A trip below this is a fan's step or a default that nobody set.</summary>
    private const double LowestTrip = 60;

    private const double Coldest = -40;
    private const double Hottest = 150;

    /// <param name="root">Where to look.</param>
    /// <param name="rules">Which of them count.</param>
    /// <param name="limit">The owner's limit for all of them, degrees Celsius; null for the board's.</param>
    /// <param name="time">For the sensors.</param>
    public static IReadOnlyList<ThermalZone> Find(SysfsRoot root, ZoneRules rules, double? limit, TimeProvider time)
    {
        var zones = new List<ThermalZone>();
        var folders = root.Folders("/sys/class/thermal", "thermal_zone*");
        foreach (var folder in folders.Count > 0 ? folders : root.Folders("/sys/devices/virtual/thermal", "thermal_zone*"))
        {
            if (SysfsRoot.Text($"{folder}/type") is { } type && File.Exists($"{folder}/temp"))
            {
                Add(type, $"{folder}/temp", Trips(folder).ToList());
            }
        }

        // The kernel shows each zone once more as a hwmon device, with underscores.
        var mirrored = zones.Select(z => z.Name.Replace('-', '_')).ToHashSet();
        foreach (var folder in root.Folders("/sys/class/hwmon", "hwmon*"))
        {
            if (SysfsRoot.Text($"{folder}/name") is { } chip && !mirrored.Contains(chip))
            {
                foreach (var (channel, input) in Hwmon.Channels(folder, "temp", "_input"))
                {
                    Add($"{chip} {SysfsRoot.Text($"{folder}/temp{channel}_label") ?? $"temp{channel}"}", input, HwmonTrips($"{folder}/temp{channel}").ToList());
                }
            }
        }

        return zones;

        void Add(string name, string file, List<Trip> trips)
        {
            if (!Wildcard.MatchesAny(rules.Ignore, name))
            {
                var sensor = new Sensor(name, new SysfsFile(file, time), null, 0.001, Coldest, Hottest, time);
                var governed = Wildcard.MatchesAny(rules.Governed, name);
                var (own, critical) = governed ? LimitsOf(rules, trips) : (double.NaN, double.NaN);
                zones.Add(new ThermalZone(sensor, governed ? Math.Min(limit ?? own, critical) : own, critical));
            }
        }
    }

    /// <summary>The board's limits, lowered where the zone's own trips are lower.</summary>
    private static (double Limit, double Critical) LimitsOf(ZoneRules rules, List<Trip> trips)
    {
        var critical = Lowest(trips, rules.Critical, BelowShutdown, "critical");
        var limit = Math.Min(Lowest(trips, rules.Limit, BelowThrottling, "passive", "hot"), critical - BelowThrottling);
        return (limit, critical);
    }

    private static double Lowest(List<Trip> trips, double own, double below, params ReadOnlySpan<string> types)
    {
        foreach (var trip in trips)
        {
            if (types.Contains(trip.Type) && trip.Celsius is >= LowestTrip and <= Hottest)
            {
                own = Math.Min(own, trip.Celsius - below);
            }
        }

        return own;
    }

    private static IEnumerable<Trip> Trips(string folder)
    {
        for (var i = 0; SysfsRoot.Text(string.Create(CultureInfo.InvariantCulture, $"{folder}/trip_point_{i}_type")) is { } type; i++)
        {
            if (SysfsRoot.Number(string.Create(CultureInfo.InvariantCulture, $"{folder}/trip_point_{i}_temp")) is { } temperature)
            {
                yield return new Trip(type, temperature / 1000.0);
            }
        }
    }

    private static IEnumerable<Trip> HwmonTrips(string prefix)
    {
        foreach (var (suffix, type) in ((string Suffix, string Type)[])[("max", "hot"), ("crit", "critical")])
        {
            if (SysfsRoot.Number($"{prefix}_{suffix}") is { } temperature)
            {
                yield return new Trip(type, temperature / 1000.0);
            }
        }
    }

    private readonly record struct Trip(string Type, double Celsius);
}
