namespace OffLM.Edge.Board.Reports;

/// <summary>Something to know about a board.</summary>
/// <param name="IsGood">True if it is there and works; false if it is missing.</param>
/// <param name="Message">What was found or is missing, and what that means.</param>
public sealed record BoardFinding(bool IsGood, string Message);
