namespace OffLM.Edge.Inference;

/// <summary>An ended conversation's slot and the tokens that are in its cache.</summary>
internal sealed record IdleSlot(ISlot Slot, string Scope, List<int> Tokens);
