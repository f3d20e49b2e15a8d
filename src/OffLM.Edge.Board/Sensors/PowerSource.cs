namespace OffLM.Edge.Board.Sensors;

/// <summary>Where power figures come from. The numbers are those of a receipt's <c>energySource</c>.</summary>
public enum PowerSource : byte
{
    None = 0,
    Rail = 1,
    Rapl = 2,
    Simulated = 3,
}
