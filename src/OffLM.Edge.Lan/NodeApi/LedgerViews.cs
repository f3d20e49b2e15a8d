namespace OffLM.Edge.Lan.NodeApi;

/// <summary>That open receipts were signed.</summary>
/// <param name="Batches">How many batches that made.</param>
internal sealed record SealView(int Batches);

/// <summary>How the ledger goes on after a rollback was accepted.</summary>
/// <param name="Gap">The difference of the card's counter that was accepted; null if there was none.</param>
internal sealed record AcceptedRollbackView(string NextBatch, string NextSequence, int RefusedBatches, string RefusedReceipts, CounterGapView? Gap);

/// <summary>Signatures of the card that nothing in the ledger explains.</summary>
/// <param name="Expected">Where its counter should have been.</param>
/// <param name="Found">Where it was.</param>
/// <param name="Reason">Why the owner went on.</param>
internal sealed record CounterGapView(uint Expected, uint Found, string Reason);

/// <summary>Whether the ledger is in order.</summary>
/// <param name="Sound">True if nothing is wrong.</param>
/// <param name="Receipts">So many were checked.</param>
/// <param name="Batches">So many were checked.</param>
/// <param name="Findings">What is wrong.</param>
/// <param name="Repairs">What was mended before; null if only a check was asked for.</param>
internal sealed record CheckView(bool Sound, ulong Receipts, ulong Batches, IReadOnlyList<FindingView> Findings, IReadOnlyList<string>? Repairs);

/// <summary>One thing that is wrong with the ledger.</summary>
internal sealed record FindingView(string Part, string Number, string Key, string Problem, string Advice);
