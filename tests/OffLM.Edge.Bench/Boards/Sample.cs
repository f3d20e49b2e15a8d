namespace OffLM.Edge.Bench.Boards;

/// <summary>A simulated board at one moment.</summary>
internal readonly record struct Sample(double Seconds, double Celsius, double Watts, double Pace, double FanDuty, double TokensPerSecond);
