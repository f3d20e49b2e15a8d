using OffLM.Edge.Board.Energy;
using OffLM.Edge.Board.Reports;

namespace OffLM.Edge.Lan.NodeApi;

/// <summary>The board's power, heat and cost. What is unknown is absent.</summary>
internal sealed record PowerView(
    string Title, bool Simulated, string EnergySource, double Pace, string? PaceReason, string? Refusal, BoardReport Now, double MeasuredJoules,
    double AttributedJoules, double? IdleWatts, double? BudgetWatts, bool ControlsFan, string? Currency, DayView Today, DayView Yesterday, IReadOnlyList<PowerStepView> History)
{
    public static PowerView Of(BoardStatus board) => new(
        board.Title,
        board.Now.Simulated,
        Words.Of(board.PowerSource),
        Math.Round(board.Pace, 3),
        board.PaceReason,
        board.Refusal,
        board.Now,
        Math.Round(board.MeasuredJoules, 3),
        Math.Round(board.AttributedJoules, 3),
        Known(board.IdleWatts),
        board.BudgetWatts,
        board.ControlsFan,
        board.Currency,
        DayView.Of(board.Today, board.Currency),
        DayView.Of(board.Yesterday, board.Currency),
        [.. board.History.Select(s => new PowerStepView(s.At, Known(s.Watts), Known(s.Celsius), Math.Round(s.Pace, 3), Known(s.FanDuty)))]);

    private static double? Known(double value) => double.IsNaN(value) ? null : Math.Round(value, 3);
}

/// <summary>A day's energy.</summary>
/// <param name="WattHours">Drawn by the whole board while the node ran.</param>
/// <param name="Hours">How long that was.</param>
/// <param name="Cost">In the household's currency; absent without a price.</param>
internal sealed record DayView(double WattHours, double Hours, double? Cost)
{
    public static DayView Of(DayOfPower day, string? currency) =>
        new(Math.Round(day.Joules / 3600, 3), Math.Round(day.Seconds / 3600, 3), currency is null ? null : Math.Round(day.Cost, 4));
}

/// <summary>Ten seconds of the last hour: means.</summary>
internal sealed record PowerStepView(DateTimeOffset At, double? Watts, double? Celsius, double Pace, double? FanDuty);
