using OffLM.Edge.Board;
using OffLM.Edge.Board.Energy;
using OffLM.Edge.Tests.Shared;

namespace OffLM.Edge.Bench.Boards;

/// <summary>A random hour of overlapping requests on a simulated board, and where its joules went.</summary>
/// <param name="Accounted">Attributed and idle joules over what the simulated board truly drew.</param>
/// <param name="Attributed">Attributed joules over what computing truly drew.</param>
internal sealed record EnergyHour(double Accounted, double Attributed)
{
    public static EnergyHour Run(string stateFolder, int seed)
    {
        var (time, random, load) = (new ManualTime(), new Random(seed), 0.0);
        var open = new List<(EnergyAccount Account, double Until)>();
        var (given, drawn, computed) = (0.0, 0.0, 0.0);
        using var runtime = BoardRuntime.Open(new() { Name = "simulated" }, stateFolder, () => load, time);
        var physics = runtime.Simulation!.Physics;
        for (var now = 0.0; now < 3600; now += 0.1)
        {
            time.Advance(TimeSpan.FromSeconds(0.1));
            runtime.Tick();
            (drawn, computed) = (drawn + (physics.Watts * 0.1), computed + (physics.ComputeWatts * 0.1));
            open.ForEach(o => o.Account.Add(random.Next(0, 4)));
            foreach (var ended in open.Where(o => o.Until <= now).ToList())
            {
                given += ended.Account.Close() / 1e6;
                open.Remove(ended);
            }

            if (random.NextDouble() < (now % 600 < 300 ? 0.02 : 0.002))
            {
                open.Add((runtime.Energy.Open(), now + (random.NextDouble() * 40)));
            }

            load = open.Count > 0 ? runtime.Pace : 0;
        }

        given += open.Sum(o => o.Account.Close() / 1e6);
        return new((given + runtime.Energy.IdleJoules) / drawn, given / computed);
    }
}
