namespace OffLM.Edge.Board.Sensors;

/// <summary>Why a sensor has no reading now.</summary>
public enum SensorFault
{
    None,

    /// <summary>The file is gone, a read fails, or it holds no number. A sensor that is switched off does this, too.</summary>
    Unreadable,

    /// <summary>Nothing on this planet is that hot, or draws that much.</summary>
    OutOfRange,

    /// <summary>It has not moved while everything around it did.</summary>
    Frozen,
}
