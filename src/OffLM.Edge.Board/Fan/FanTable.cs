using System.Globalization;
using OffLM.Edge.Board.Sysfs;

namespace OffLM.Edge.Board.Fan;

/// <summary>
/// One fan profile of NVIDIA's <c>nvfancontrol.conf</c>. With <c>TMARGIN ENABLED</c> its TEMP column is not a temperature but the margin that is left
/// to the group's highest temperature: PWM falls as it grows. Between two rows NVIDIA's program interpolates.
/// </summary>
public sealed class FanTable
{
    private readonly (double Temperature, double Pwm)[] _rows;
    private readonly bool _isMargin;
    private readonly double _highest;

    private FanTable(string name, bool isMargin, double highest, IEnumerable<(double, double)> rows)
    {
        (Name, _isMargin, _highest) = (name, isMargin, highest);
        _rows = [.. rows.OrderBy(r => r.Item1)];
    }

    public string Name { get; }

    /// <summary>PWM 0 to 255 at a temperature of the hottest zone, degrees Celsius.</summary>
    public double PwmAt(double celsius)
    {
        var key = _isMargin ? _highest - celsius : celsius;
        var above = Array.FindIndex(_rows, r => r.Temperature >= key);
        if (above <= 0)
        {
            return above == 0 ? _rows[0].Pwm : _rows[^1].Pwm;
        }

        var (low, high) = (_rows[above - 1], _rows[above]);
        return low.Pwm + ((high.Pwm - low.Pwm) * (key - low.Temperature) / (high.Temperature - low.Temperature));
    }

    /// <summary>The tables of this machine, the one in force first; empty where there are none.</summary>
    public static IReadOnlyList<FanTable> Find(SysfsRoot root) => SysfsRoot.Text(root.In("/etc/nvfancontrol.conf")) is { } text ? Parse(text) : [];

    /// <summary>The tables of the first fan in a configuration, the default one first.</summary>
    public static IReadOnlyList<FanTable> Parse(string text)
    {
        var profiles = new List<(string Name, List<(double, double)> Rows)>();
        var (isMargin, highest, defaultName, isProfile) = (false, 105.0, "", false);
        foreach (var line in text.Split('\n').Select(l => l.Split('#')[0].Trim()).Where(l => l.Length > 0))
        {
            var words = line.Split((char[])[' ', '\t'], StringSplitOptions.RemoveEmptyEntries);
            switch (words)
            {
                case ["<FAN", "2>", ..]:
                    return Tables();
                case ["TMARGIN", var enabled]:
                    isMargin = enabled == "ENABLED";
                    break;
                case ["FAN_PROFILE", var name, "{"]:
                    profiles.Add((name, []));
                    isProfile = true;
                    break;
                case ["GROUP_MAX_TEMP", var temperature] when Number(temperature) is { } value:
                    highest = value;
                    break;
                case ["FAN_DEFAULT_PROFILE", var name]:
                    defaultName = name;
                    break;
                case ["}"]:
                    isProfile = false;
                    break;
                case [var temperature, _, var pwm, ..] when isProfile && Number(temperature) is { } key && Number(pwm) is { } value:
                    profiles[^1].Rows.Add((key, value));
                    break;
            }
        }

        return Tables();

        IReadOnlyList<FanTable> Tables() =>
            [.. profiles.Where(p => p.Rows.Count > 0).OrderBy(p => p.Name == defaultName ? 0 : 1).Select(p => new FanTable(p.Name, isMargin, highest, p.Rows))];
    }

    private static double? Number(string text) => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) ? value : null;
}
