namespace OffLM.Edge.Board.Sensors;

/// <summary>A power rail: what one wire feeds.</summary>
/// <param name="Sensor">Milliwatts.</param>
public sealed record PowerRail(Sensor Sensor)
{
    public string Name => Sensor.Name;

    public double Milliwatts => Sensor.Value;
}
