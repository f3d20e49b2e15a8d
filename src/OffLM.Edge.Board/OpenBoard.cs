using OffLM.Edge.Board.Boards;
using OffLM.Edge.Board.Sensors;
using OffLM.Edge.Board.Simulation;
using OffLM.Edge.Board.Sysfs;

namespace OffLM.Edge.Board;

/// <summary>A board's sensors, and the simulator behind them where the board is a simulated one.</summary>
public sealed class OpenBoard : IDisposable
{
    private const double RoomCelsius = 25;

    private OpenBoard(BoardSensors sensors, SimulatedBoard? simulation) => (Sensors, Simulation) = (sensors, simulation);

    public BoardSensors Sensors { get; }

    /// <summary>Null for real hardware and recorded trees.</summary>
    public SimulatedBoard? Simulation { get; }

    /// <summary>Finds the board and its sensors.</summary>
    /// <param name="options">What the owner says about it.</param>
    /// <param name="name">Tells a simulated board's folder from others'.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="BoardException">There is no board of that name, or its file can't be used.</exception>
    public static OpenBoard Open(BoardOptions options, string name, TimeProvider time)
    {
        var board = options.ChooseBoard();
        if (board.Simulation is not { } profile)
        {
            return new OpenBoard(BoardSensors.Find(board, new SysfsRoot(options.Sysfs), options.Limit, time), null);
        }

        var simulation = new SimulatedBoard(SimulatedBoard.NewFolder(name), SimulationProfile.Get(profile), RoomCelsius, seed: 1, time);
        return new OpenBoard(BoardSensors.Find(board, simulation.Root, options.Limit, time), simulation);
    }

    /// <summary>Looks at the board that a running node looks after: a simulated one is the node's own, not another.</summary>
    /// <inheritdoc cref="Open"/>
    public static OpenBoard Attach(BoardOptions options, string name, TimeProvider time)
    {
        var board = options.ChooseBoard();
        return board.Simulation is not null && Directory.Exists(SimulatedBoard.NewFolder(name))
            ? new OpenBoard(BoardSensors.Find(board, new SysfsRoot(SimulatedBoard.NewFolder(name)), options.Limit, time), null)
            : Open(options, $"{name}-{Environment.ProcessId}", time);
    }

    public void Dispose()
    {
        Sensors.Dispose();
        Simulation?.Dispose();
    }
}
