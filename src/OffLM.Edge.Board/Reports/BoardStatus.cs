using OffLM.Edge.Board.Energy;
using OffLM.Edge.Board.Sensors;

namespace OffLM.Edge.Board.Reports;

/// <summary>A board at work at one moment. NaN for what is unknown.</summary>
/// <param name="Now">Its readings.</param>
/// <param name="Title">Its name, for people.</param>
/// <param name="PowerSource">Where power figures come from.</param>
/// <param name="Pace">Share of time that may be spent computing, 0 to 1.</param>
/// <param name="PaceReason">What holds the pace below 1; null for nothing.</param>
/// <param name="Refusal">Why no request is taken; null if requests are.</param>
/// <param name="MeasuredJoules">The whole board since the start.</param>
/// <param name="AttributedJoules">The part that answers were given.</param>
/// <param name="IdleWatts">The learned draw at rest.</param>
/// <param name="BudgetWatts">The owner's power budget; null for none.</param>
/// <param name="ControlsFan">True while the node sets the fan.</param>
/// <param name="ForeignFanWrites">How often another program wrote the fan's PWM.</param>
/// <param name="SensorsAreLost">True while no temperature can be read on a board that has some.</param>
/// <param name="Faults">Readings that were absent, by sensor and reason.</param>
/// <param name="Today">Energy and cost since midnight.</param>
/// <param name="Yesterday">The day before.</param>
/// <param name="Currency">What costs are in; null without a price.</param>
/// <param name="History">The last hour, oldest first.</param>
public sealed record BoardStatus(
    BoardReport Now, string Title, PowerSource PowerSource, double Pace, string? PaceReason, string? Refusal, double MeasuredJoules, double AttributedJoules,
    double IdleWatts, double? BudgetWatts, bool ControlsFan, long ForeignFanWrites, bool SensorsAreLost, IReadOnlyList<SensorFaults> Faults, DayOfPower Today,
    DayOfPower Yesterday, string? Currency, IReadOnlyList<PowerStep> History);

/// <summary>How many readings of a sensor were absent for one reason.</summary>
public sealed record SensorFaults(string Sensor, SensorFault Fault, long Count)
{
    internal static IReadOnlyList<SensorFaults> Of(BoardSensors sensors) =>
        [.. sensors.Zones.Select(z => z.Sensor).Concat(sensors.Rails.Select(r => r.Sensor))
            .SelectMany(s => Enum.GetValues<SensorFault>().Where(f => f != SensorFault.None).Select(f => new SensorFaults(s.Name, f, s.Count(f))))
            .Where(f => f.Count > 0),
        .. sensors.Counters.Where(c => c.Unreadable > 0).Select(c => new SensorFaults(c.Name, SensorFault.Unreadable, c.Unreadable))];
}
