using OffLM.Edge.Inference;
using OffLM.Edge.Signing;

namespace OffLM.Edge.Lan.NodeApi;

/// <summary>What <c>/healthz</c> says.</summary>
/// <param name="Status">ok, starting, draining.</param>
/// <param name="WaitingFor">What must happen before requests are taken; null when ok.</param>
internal sealed record HealthView(string Status, string? WaitingFor);

/// <summary>The node at one moment; what is null is the owner's business only.</summary>
internal sealed record StatusView(
    string Version, string State, double UptimeSeconds, DateTimeOffset Time, string Clock, DomainView Network, int Running,
    IReadOnlyList<LoadedModelView> LoadedModels, LedgerView? Ledger, SettlementView? Settlement, SyncView? Sync, KeyView? Key, IReadOnlyList<string>? Problems);

/// <summary>The ledger in a few figures.</summary>
/// <param name="Receipts">Ever written.</param>
/// <param name="Batches">Ever signed.</param>
/// <param name="Open">Receipts in no batch yet.</param>
/// <param name="Holds">Requests without a receipt yet.</param>
/// <param name="Boot">How often the node has started.</param>
/// <param name="RolledBack">True while the network or the card knows of batches that the ledger lacks: nothing is signed.</param>
internal sealed record LedgerView(ulong Receipts, ulong Batches, ulong Open, int Holds, uint Boot, bool RolledBack);

/// <summary>The network that batches are signed for.</summary>
internal sealed record DomainView(string Name, string Version, ulong ChainId, Address VerifyingContract, bool TestNetwork)
{
    public static DomainView Of(TypedDomain domain) => new(domain.Name, domain.Version, domain.ChainId, domain.VerifyingContract, domain.IsTestNetwork);
}

/// <summary>The node's signing key.</summary>
/// <param name="Address">Null before the first key.</param>
/// <param name="Class">file, card.</param>
/// <param name="Available">False while it can't sign.</param>
/// <param name="Uri">Its name in the settings; for the owner.</param>
/// <param name="Problem">Why it can't sign; for the owner.</param>
/// <param name="Network">What it signs for.</param>
internal sealed record KeyView(Address? Address, string Class, bool Available, string? Uri, string? Problem, DomainView Network);

/// <summary>A key that was tried and signs.</summary>
/// <param name="Ok">True.</param>
/// <param name="Address">Its address.</param>
/// <param name="Counter">The card's signature counter afterwards; 0 for a key file.</param>
internal sealed record KeyTestView(bool Ok, Address Address, uint Counter);

/// <summary>A model in memory.</summary>
/// <param name="Fallback">Why it isn't the engine that was asked for; null if it is.</param>
/// <param name="FailedProviders">The execution providers that were tried before, and why each is not used.</param>
/// <param name="Placement">Where the graph's nodes are computed; null if on the CPU, or if it can't be told.</param>
internal sealed record LoadedModelView(
    string Name, string Id, int ContextLength, DateTimeOffset? ExpiresAt, int Requests, string Engine, string EngineVersion, string Provider, string? Fallback,
    IReadOnlyList<ProviderFailure> FailedProviders, NodePlacement? Placement);
