using OffLM.Edge.Board;
using OffLM.Edge.Board.Energy;
using OffLM.Edge.Metering.Receipts;

namespace OffLM.Edge.Work.Requests;

/// <summary>The joules of one answer, or the knowledge that nothing measures them.</summary>
internal sealed class AnswerEnergy
{
    /// <summary>For a machine that measures nothing.</summary>
    public static readonly AnswerEnergy NotMeasured = new(null, EnergySource.NotMeasured);

    private readonly EnergyAccount? _account;

    private AnswerEnergy(EnergyAccount? account, EnergySource source) => (_account, Source) = (account, source);

    /// <summary>Where the figure comes from.</summary>
    public EnergySource Source { get; }

    /// <summary>Above the idle draw, so far.</summary>
    public ulong Microjoules => _account?.Microjoules ?? 0;

    /// <summary>Begins to count for an answer.</summary>
    /// <param name="board">What measures; null for nothing.</param>
    /// <param name="hasBegun">Whether it has left the queue.</param>
    public static AnswerEnergy Of(BoardRuntime? board, Func<bool> hasBegun) =>
        board is null or { PowerSource: Board.Sensors.PowerSource.None }
            ? NotMeasured
            : new(board.Energy.Open(hasBegun), (EnergySource)(byte)board.PowerSource);

    /// <summary>Counts tokens that it got.</summary>
    public void Count(int tokens) => _account?.Add(tokens);

    /// <summary>Ends it; doesn't wait for a sample.</summary>
    public void End() => _account?.Close();
}
