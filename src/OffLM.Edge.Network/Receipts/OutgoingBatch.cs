namespace OffLM.Edge.Network.Receipts;

/// <summary>A batch as it leaves, or why it can't.</summary>
/// <param name="Batch">Its number.</param>
/// <param name="Topic">Of the address that signed it: an earlier one of this box, where its key was replaced since.</param>
/// <param name="Payload">The encoded message; null where it can't be made.</param>
/// <param name="Problem">Why not, in a sentence.</param>
/// <param name="WasSent">True if the broker had taken it before.</param>
internal sealed record OutgoingBatch(ulong Batch, string Topic, byte[]? Payload, string? Problem, bool WasSent);
