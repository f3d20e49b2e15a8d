using OffLM.Edge.Signing;
using OffLM.Fleet.Messages;

namespace OffLM.Fleet.Verification;

/// <summary>A batch with all that can be said of it alone; what its chain says comes later.</summary>
/// <param name="Header">What was signed.</param>
/// <param name="IsSigned">Whether its node signed it. If not, it says nothing about the node.</param>
/// <param name="Refusal">The first promise that doesn't hold; null if all do.</param>
/// <param name="Figures">What it adds; null if it is refused.</param>
internal sealed record CheckedBatch(SignedHeader Header, bool IsSigned, Refusal? Refusal, BatchFigures? Figures);

/// <summary>What a batch adds to the totals.</summary>
/// <param name="Requests">Of the disclosed receipts, each once.</param>
/// <param name="Hidden">How many came only as leaves.</param>
/// <param name="Groups">Sums by what they are kept apart by.</param>
/// <param name="Sums">All of them together.</param>
internal sealed record BatchFigures(IReadOnlyList<Bytes32> Requests, uint Hidden, IReadOnlyDictionary<TotalKey, Sums> Groups, Sums Sums);
