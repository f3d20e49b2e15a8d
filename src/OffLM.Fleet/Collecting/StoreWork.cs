using OffLM.Fleet.Store;

namespace OffLM.Fleet.Collecting;

/// <summary>Something to be stored, together with others in one transaction.</summary>
/// <param name="Run">Stores it; gives the answers that may leave once that is durable.</param>
internal sealed record StoreWork(Func<StoreSession, IReadOnlyList<Answer>> Run);
