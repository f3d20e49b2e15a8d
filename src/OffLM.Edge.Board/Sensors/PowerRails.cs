using System.Globalization;
using OffLM.Edge.Board.Boards;
using OffLM.Edge.Board.Sysfs;

namespace OffLM.Edge.Board.Sensors;

/// <summary>Finds power rails: INA3221 and its relatives under hwmon, the same chip under iio (JetPack 4), and chips that give watts themselves.</summary>
internal static class PowerRails
{
    /// <summary>No board that this program runs on feeds more through one wire, in milliwatts.</summary>
    private const double Most = 2_000_000;

    /// <summary>An INA3221 measures three rails. The driver's fourth current is the sum of all, and its fourth voltage that of a shunt.</summary>
    private const int MonitoredRails = 3;

    public static IReadOnlyList<PowerRail> Find(SysfsRoot root, RailRules rules, TimeProvider time)
    {
        var rails = new List<PowerRail>();
        foreach (var folder in root.Folders("/sys/class/hwmon", "hwmon*"))
        {
            if (SysfsRoot.Text($"{folder}/name") is { } chip)
            {
                AddHwmon(folder, chip);
            }
        }

        foreach (var folder in root.Folders("/sys/bus/iio/devices", "iio:device*"))
        {
            foreach (var (channel, input) in Hwmon.Channels(folder, "in_power", "_input"))
            {
                // JetPack 4 gives milliwatts.
                Add(SysfsRoot.Text($"{folder}/rail_name_{channel}") ?? NameOf("iio", channel), input, null, 1);
            }
        }

        return rails;

        void AddHwmon(string folder, string chip)
        {
            foreach (var (channel, current) in Hwmon.Channels(folder, "curr", "_input"))
            {
                if (channel <= MonitoredRails && chip.StartsWith("ina", StringComparison.Ordinal) && File.Exists($"{folder}/in{channel}_input") && !File.Exists($"{folder}/power{channel}_input"))
                {
                    // Millivolts times milliamperes are microwatts.
                    Add(LabelOf(folder, $"in{channel}", chip, channel), current, $"{folder}/in{channel}_input", 0.001);
                }
            }

            foreach (var suffix in (string[])["_input", "_average"])
            {
                foreach (var (channel, power) in Hwmon.Channels(folder, "power", suffix))
                {
                    Add(LabelOf(folder, $"power{channel}", chip, channel), power, null, 0.001);
                }
            }
        }

        void Add(string name, string file, string? factor, double scale)
        {
            if (!rules.Ignore.Contains(name) && rails.All(r => r.Name != name))
            {
                rails.Add(new(new Sensor(name, new SysfsFile(file, time), factor is null ? null : new SysfsFile(factor, time), scale, -Most / 100, Most, time)));
            }
        }

        string LabelOf(string folder, string prefix, string chip, int channel) => SysfsRoot.Text($"{folder}/{prefix}_label") ?? NameOf(chip, channel);

        string NameOf(string chip, int channel)
        {
            var name = string.Create(CultureInfo.InvariantCulture, $"{chip}:{channel}");
            return rules.Names.TryGetValue(name, out var given) ? given : name;
        }
    }
}
