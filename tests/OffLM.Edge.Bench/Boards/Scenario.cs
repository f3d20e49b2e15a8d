using OffLM.Edge.Board;
using OffLM.Edge.Board.Fan;
using OffLM.Edge.Board.Sensors;
using OffLM.Edge.Board.Simulation;
using OffLM.Edge.Tests.Shared;

namespace OffLM.Edge.Bench.Boards;

/// <summary>An hour of full load on a simulated Orin Nano: a power budget and a room.</summary>
internal sealed record Scenario(double Watts, double Ambient)
{
    /// <summary>The board file's limit for every zone.</summary>
    public const double Limit = 90;

    private const int Ticks = 36_000;
    private const double TickSeconds = 0.1;

    public override string ToString() => FormattableString.Invariant($"{Watts:0} W, {Ambient:0} °C");

    /// <summary>The node's own control, through the sysfs tree, as on real hardware.</summary>
    public Outcome Governed(string stateFolder, double minutes = 60, Func<double, double>? demand = null)
    {
        var time = new ManualTime();
        BoardRuntime? runtime = null;
        var wanted = 0.0;
        var outcome = new Outcome();
        using (runtime = BoardRuntime.Open(new() { Name = "simulated", Fan = "quiet", Watts = Watts }, stateFolder, () => wanted * (runtime?.Pace ?? 1), time))
        {
            var physics = runtime.Simulation!.Physics;
            physics.AmbientCelsius = Ambient;
            for (var tick = 0; tick * TickSeconds < minutes * 60; tick++)
            {
                wanted = demand?.Invoke(tick * TickSeconds) ?? 1;
                time.Advance(TimeSpan.FromSeconds(TickSeconds));
                runtime.Tick();
                outcome.Add(new(tick * TickSeconds, physics.DieCelsius, physics.Watts, runtime.Pace, physics.FanDuty, physics.TokensPerSecond));
            }

            outcome.SwitchedOff = physics.IsOff;
        }

        return outcome;
    }

    /// <summary>A fan table of NVIDIA's and a pace that a rule gives: what others do.</summary>
    /// <param name="table">Gives the fan's duty.</param>
    /// <param name="pace">The pace before, and the die's temperature, give the pace.</param>
    public Outcome Ruled(FanTable table, Func<double, double, double> pace) =>
        Physical(physics => table.PwmAt(physics.DieCelsius) / FanDevice.FullPwm, pace);

    /// <summary>The highest constant pace that crosses neither limit nor budget with the fan at the most that the quiet profile allows.</summary>
    public (double Pace, Outcome Outcome) BestConstant()
    {
        var (low, high) = (0.0, 1.0);
        for (var i = 0; i < 14; i++)
        {
            var middle = (low + high) / 2;
            (low, high) = Holds(Constant(middle)) ? (middle, high) : (low, middle);
        }

        return Holds(Constant(1)) ? (1, Constant(1)) : (low, Constant(low));

        bool Holds(Outcome outcome) => outcome.Hottest <= Limit && outcome.HighestWatts <= Watts;
        Outcome Constant(double pace) => Physical(_ => FanProfile.Quiet.MaximumDuty, (_, _) => pace);
    }

    /// <summary>What NVIDIA's quiet table does at the constant pace that gives this throughput.</summary>
    public Outcome QuietTableAt(double tokensPerSecond)
    {
        var (low, high) = (0.0, 1.0);
        for (var i = 0; i < 14; i++)
        {
            var middle = (low + high) / 2;
            (low, high) = Ruled(NvidiaTables.Quiet, (_, _) => middle).TokensPerSecond < tokensPerSecond ? (middle, high) : (low, middle);
        }

        return Ruled(NvidiaTables.Quiet, (_, _) => high);
    }

    private Outcome Physical(Func<SimulatedPhysics, double> fan, Func<double, double, double> pace)
    {
        var physics = new SimulatedPhysics(SimulationProfile.OrinNano, Ambient);
        var outcome = new Outcome();
        var now = 1.0;
        for (var tick = 0; tick < Ticks; tick++)
        {
            now = pace(now, physics.DieCelsius);
            (physics.Load, physics.FanDuty) = (now, fan(physics));
            physics.Advance(TimeSpan.FromSeconds(TickSeconds));
            outcome.Add(new(tick * TickSeconds, physics.DieCelsius, physics.Watts, now, physics.FanDuty, physics.TokensPerSecond));
        }

        outcome.SwitchedOff = physics.IsOff;
        return outcome;
    }
}
