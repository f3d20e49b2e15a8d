namespace OffLM.Edge.Board.Sensors;

/// <summary>A temperature and what it may reach.</summary>
/// <param name="Sensor">Degrees Celsius.</param>
/// <param name="Limit">What the governor holds it below; NaN for one that is shown only.</param>
/// <param name="Critical">Where requests are refused; NaN for one that is shown only.</param>
public sealed record ThermalZone(Sensor Sensor, double Limit, double Critical)
{
    public string Name => Sensor.Name;

    public double Celsius => Sensor.Value;

    public bool IsGoverned => !double.IsNaN(Limit);
}
