namespace OffLM.Edge.Lan.Serving;

/// <summary>How long a client may take nothing of its answer.</summary>
/// <param name="Limit">Then it is given up.</param>
/// <param name="Time">The clock.</param>
internal sealed record ReaderPatience(TimeSpan Limit, TimeProvider Time);
