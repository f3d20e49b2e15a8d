using OffLM.Edge.Signing;

namespace OffLM.Fleet.Store;

/// <summary>What the operator decided.</summary>
/// <param name="Domain">The network that batches must be for.</param>
/// <param name="TrustOnFirstUse">Whether a node is trusted that comes with the first batch of a chain.</param>
internal sealed record BookRules(TypedDomain Domain, bool TrustOnFirstUse);
