namespace OffLM.Edge.Board.Simulation;

/// <summary>
/// How a board warms: a chip on a sink in air, with leakage that grows with heat, a fan with inertia, and the kernel's own throttling.
/// Everything is a function of the steps taken; nothing looks at a clock.
/// </summary>
public sealed class SimulatedPhysics(SimulationProfile profile, double ambientCelsius = 25)
{
    /// <summary>Short against the chip's time constant of some seconds.</summary>
    private const double LongestStep = 0.1;

    /// <summary>A fan needs this long to reach 63 % of a new speed, seconds.</summary>
    private const double FanSeconds = 1.2;

    /// <summary>Below this share a turning fan stops, and one that stands needs <see cref="StartsAt"/>.</summary>
    private const double StallsAt = 0.1;

    private const double StartsAt = 0.2;

    /// <summary>Air that moves carries heat with about this power of its speed.</summary>
    private const double AirExponent = 0.8;

    /// <summary>The kernel's step-wise governor changes the clock's cap by one step a second or so; a share a second here.</summary>
    private const double ThrottlePerSecond = 0.05;

    private const double LowestThrottle = 0.3;
    private const double DegreesToDoubleLeakage = 40;

    public SimulationProfile Profile => profile;

    public double AmbientCelsius { get; set; } = ambientCelsius;

    /// <summary>Share of time that the decode loop computes, 0 to 1.</summary>
    public double Load { get; set; }

    /// <summary>What the fan is told, 0 to 1.</summary>
    public double FanDuty { get; set; }

    /// <summary>True for a fan that something blocks.</summary>
    public bool FanIsStuck { get; set; }

    /// <summary>The highest allowed clock, megahertz.</summary>
    public double ClockCap { get; set; } = profile.GpuMegahertz[^1];

    public double DieCelsius { get; private set; } = ambientCelsius + 8;

    public double SinkCelsius { get; private set; } = ambientCelsius + 5;

    /// <summary>Share of full speed.</summary>
    public double FanSpeed { get; private set; }

    public double Rpm => FanSpeed * profile.FullRpm;

    /// <summary>1, or less while the kernel throttles.</summary>
    public double Throttle { get; private set; } = 1;

    /// <summary>The clock while computing, megahertz.</summary>
    public double Megahertz => Math.Min(ClockCap, profile.GpuMegahertz[^1] * Throttle);

    /// <summary>True once the firmware has switched off.</summary>
    public bool IsOff { get; private set; }

    /// <summary>The draw at this moment.</summary>
    public double Watts => IsOff ? 0 : profile.IdleWatts + Leakage + ComputeWatts;

    /// <summary>The part of the draw that computing causes.</summary>
    public double ComputeWatts => IsOff ? 0 : profile.ComputeWatts * Load * ClockShare * VoltageShare * VoltageShare;

    public double TokensPerSecond => IsOff ? 0 : profile.TokensPerSecond * Load * Math.Pow(ClockShare, DecodeExponent);

    /// <summary>Decoding waits for memory as much as for the GPU.</summary>
    private const double DecodeExponent = 0.7;

    private double ClockShare => Megahertz / profile.GpuMegahertz[^1];

    /// <summary>Voltage falls with the clock, down to a floor.</summary>
    private double VoltageShare => 0.62 + (0.38 * ClockShare);

    private double Leakage => profile.LeakageWatts * Math.Pow(2, (DieCelsius - 45) / DegreesToDoubleLeakage);

    /// <summary>Lets time pass.</summary>
    public void Advance(TimeSpan time)
    {
        for (var left = time.TotalSeconds; left > 1e-9; left -= LongestStep)
        {
            Step(Math.Min(left, LongestStep));
        }
    }

    private void Step(double seconds)
    {
        var target = FanIsStuck ? 0 : FanSpeed < 0.02 ? (FanDuty >= StartsAt ? FanDuty : 0) : FanDuty < StallsAt ? 0 : FanDuty;
        FanSpeed += (target - FanSpeed) * Math.Min(1, seconds / FanSeconds);
        var still = 1 / profile.SinkToAirStill;
        var toAir = still + (((1 / profile.SinkToAirFullFan) - still) * Math.Pow(FanSpeed, AirExponent));
        var dieToSink = (DieCelsius - SinkCelsius) / profile.DieToSink;
        DieCelsius += (Watts - dieToSink) / profile.DieJoulesPerKelvin * seconds;
        SinkCelsius += (dieToSink - ((SinkCelsius - AmbientCelsius) * toAir)) / profile.SinkJoulesPerKelvin * seconds;
        var step = DieCelsius >= profile.ThrottleCelsius ? -ThrottlePerSecond : DieCelsius < profile.ThrottleCelsius - 2 ? ThrottlePerSecond : 0;
        Throttle = Math.Clamp(Throttle + (step * seconds), LowestThrottle, 1);
        IsOff |= DieCelsius >= profile.ShutdownCelsius;
    }
}
