namespace OffLM.Edge.Lan.NodeApi;

/// <summary>That open receipts were signed.</summary>
/// <param name="Batches">How many batches that made.</param>
internal sealed record SealView(int Batches);

/// <summary>Whether the ledger is in order.</summary>
internal sealed record CheckView(bool Sound, ulong Receipts, ulong Batches, IReadOnlyList<FindingView> Findings);

/// <summary>One thing that is wrong with the ledger.</summary>
internal sealed record FindingView(string Part, string Number, string Key, string Problem, string Advice);
