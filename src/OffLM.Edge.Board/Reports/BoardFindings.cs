using System.Globalization;
using OffLM.Edge.Board.Boards;
using OffLM.Edge.Board.Fan;
using OffLM.Edge.Board.Sensors;
using OffLM.Edge.Board.Sysfs;

namespace OffLM.Edge.Board.Reports;

/// <summary>What a board has, what it lacks, and what that means.</summary>
public static class BoardFindings
{
    /// <summary>Looks at sensors whose readings were taken.</summary>
    public static IEnumerable<BoardFinding> Of(BoardSensors sensors) =>
        [Name(sensors), Zones(sensors), .. Silent(sensors), Power(sensors), .. Fan(sensors), .. Gpu(sensors)];

    private static BoardFinding Name(BoardSensors sensors)
    {
        var board = sensors.Board;
        return board.Simulation is not null ? new(false, $"{board.Title}: every figure comes from a simulator, none is measured.")
            : board.Name == BoardCatalogue.Fallback ? new(false, "No board file fits this machine; whatever sensors Linux shows are used. --board names one.")
            : new(true, $"{board.Title} ({board.Name}).");
    }

    private static BoardFinding Zones(BoardSensors sensors)
    {
        var governed = sensors.Zones.Where(z => z.IsGoverned).ToList();
        return governed.Count > 0
            ? new(true, string.Create(CultureInfo.InvariantCulture, $"Temperatures: {string.Join(", ", governed.Select(Describe))}."))
            : new(false, "No temperature can be read: the node computes at full pace and relies on the machine's own protection.");
    }

    private static string Describe(ThermalZone zone) => double.IsNaN(zone.Celsius)
        ? string.Create(CultureInfo.InvariantCulture, $"{zone.Name} no reading, limit {zone.Limit:0.#} °C")
        : string.Create(CultureInfo.InvariantCulture, $"{zone.Name} {zone.Celsius:0.#} of {zone.Limit:0.#} °C");

    private static IEnumerable<BoardFinding> Silent(BoardSensors sensors) => sensors.Zones.Select(z => z.Sensor).Concat(sensors.Rails.Select(r => r.Sensor))
        .Where(s => !s.IsPresent)
        .Select(s => new BoardFinding(false, s.Fault switch
        {
            SensorFault.OutOfRange => $"{s.Name} gives an impossible reading, which is ignored.",
            SensorFault.Frozen => $"{s.Name} stands still while everything around it moves; it is ignored.",
            _ => $"{s.Name} can't be read; a part that is switched off does that.",
        }));

    private static BoardFinding Power(BoardSensors sensors)
    {
        var misses = sensors.Board.Rails.Misses is { } missing ? $" It leaves out {missing}." : "";
        return sensors.PowerSource switch
        {
            PowerSource.None when UnreadableRapl(sensors.Root) =>
                new(false, "Power: this processor counts its energy, but only root may read it. Give the node's user read access to energy_uj under /sys/class/powercap."),
            PowerSource.None => new(false, "Power: no sensor. Receipts carry no joules, and no power budget can be held."),
            PowerSource.Rapl => new(true, $"Power: the processor's energy counters ({string.Join(", ", sensors.Counters.Select(c => c.Name))}).{misses}"),
            _ => new(true, $"Power: {(sensors.TotalRails.Count == 1 ? $"{sensors.TotalRails[0].Name} is the whole" : $"{string.Join(" + ", sensors.TotalRails.Select(r => r.Name))} are added up")}{Watts(sensors)}.{(sensors.TotalRails.Count == 1 ? "" : misses)}"),
        };
    }

    private static string Watts(BoardSensors sensors) =>
        double.IsNaN(sensors.TotalMilliwatts) ? "" : string.Create(CultureInfo.InvariantCulture, $", {sensors.TotalMilliwatts / 1000:0.0} W now");

    private static bool UnreadableRapl(SysfsRoot root) =>
        root.Folders("/sys/class/powercap", "intel-rapl:*").Any(f => File.Exists($"{f}/energy_uj") && SysfsRoot.Number($"{f}/energy_uj") is null);

    private static IEnumerable<BoardFinding> Fan(BoardSensors sensors)
    {
        if (sensors.Board.Fan is null || (sensors.Fan is null && sensors.Board.Fan.Profile == "off"))
        {
            yield break;
        }

        yield return sensors.Fan is { } fan
            ? new(true, $"Fan: {fan.PwmPath}{(fan.HasTachometer ? " with a tachometer" : ", without a tachometer: a fan that is stuck is not noticed")}.")
            : new(false, "Fan: none found that can be controlled; the system keeps it.");
        if (FanTable.Find(sensors.Root) is [var table, ..])
        {
            yield return new(true, string.Create(
                CultureInfo.InvariantCulture,
                $"NVIDIA's own fan table '{table.Name}' gives {table.PwmAt(60) / FanDevice.FullPwm:P0} at 60 °C and {table.PwmAt(90) / FanDevice.FullPwm:P0} at 90 °C; nvfancontrol must be stopped while the node controls the fan."));
        }
    }

    private static IEnumerable<BoardFinding> Gpu(BoardSensors sensors)
    {
        if (sensors.Gpu is { } gpu)
        {
            yield return new(true, $"GPU: {gpu.Steps.Count} clocks that can be capped.");
        }
        else if (sensors.Board.Gpu.Count > 0 && sensors.Board.Name != BoardCatalogue.Fallback)
        {
            yield return new(false, "GPU: its clock was not found; only the pace is left to keep it cool.");
        }

        if (sensors.PowerModes is { } modes)
        {
            yield return new(true, $"Power modes: {string.Join(", ", modes.Names.Values)}; now {modes.Current ?? "unknown"}.");
        }
    }
}
