namespace OffLM.Edge.Bench;

/// <summary>What a part compares with can't be had on this machine. The other parts go on.</summary>
internal sealed class NotMeasurableException(string message) : Exception(message);
