using System.Globalization;
using OffLM.Edge.Board.Boards;
using OffLM.Edge.Board.Simulation;

namespace OffLM.Edge.Board.Tests.Support;

/// <summary>A runtime on a simulated board and a clock that the test moves: an hour takes a second or two.</summary>
internal sealed class SimulatedRun : IDisposable
{
    private readonly DirectoryInfo _state = Directory.CreateTempSubdirectory("offlm-state-");

    public SimulatedRun(BoardOptions? options = null, double ambient = 25)
    {
        Runtime = BoardRuntime.Open((options ?? new()) with { Name = options?.Name ?? "simulated" }, State, () => Load * Pace, Time);
        Physics.AmbientCelsius = ambient;
    }

    public ManualTime Time { get; } = new();

    public string State => _state.FullName;

    public BoardRuntime Runtime { get; }

    public SimulatedBoard Board => Runtime.Simulation!;

    public SimulatedPhysics Physics => Board.Physics;

    public double Pace => Runtime?.Pace ?? 1;

    /// <summary>How busy callers keep the node, 0 to 1; the decode loop computes this share of the pace.</summary>
    public double Load { get; set; }

    /// <summary>Lets time pass, tick by tick.</summary>
    /// <param name="seconds">How much.</param>
    /// <param name="after">Called after each tick.</param>
    public void Run(double seconds, Action? after = null)
    {
        for (var i = 0; i < seconds * 10; i++)
        {
            Time.Advance(0.1);
            Runtime.Tick();
            after?.Invoke();
        }
    }

    public int Read(string path) => int.Parse(File.ReadAllText(Board.Root.In(path)), CultureInfo.InvariantCulture);

    public void Write(string path, int value) => File.WriteAllText(Board.Root.In(path), value.ToString(CultureInfo.InvariantCulture) + "\n");

    public void Dispose()
    {
        Runtime.Dispose();
        _state.Delete(recursive: true);
    }
}
