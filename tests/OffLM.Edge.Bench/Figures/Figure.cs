namespace OffLM.Edge.Bench.Figures;

/// <summary>One row of the report.</summary>
/// <param name="Name">What was measured.</param>
/// <param name="Target">What must hold, written out; empty where the value only explains another row.</param>
/// <param name="Values">One a round; seconds, bytes, shares or counts.</param>
/// <param name="Unit">How they are written.</param>
/// <param name="Holds">Whether the median meets the target; null without one.</param>
/// <param name="How">How it was measured, and against what.</param>
internal sealed record Figure(string Name, string Target, Distribution Values, Unit Unit, bool? Holds, string How)
{
    public static Figure AtMost(double limit, string name, IEnumerable<double> values, Unit unit, string how)
    {
        var distribution = new Distribution(values);
        return new(name, $"≤ {unit.Write(limit)}", distribution, unit, distribution.Median <= limit, how);
    }

    public static Figure AtLeast(double limit, string name, IEnumerable<double> values, Unit unit, string how)
    {
        var distribution = new Distribution(values);
        return new(name, $"≥ {unit.Write(limit)}", distribution, unit, distribution.Median >= limit, how);
    }

    /// <summary>A value without a target, for whoever wants to understand the others.</summary>
    public static Figure Plain(string name, IEnumerable<double> values, Unit unit, string how) => new(name, "", new Distribution(values), unit, null, how);
}
