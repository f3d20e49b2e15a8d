using OffLM.Edge.Metering.Batches;
using OffLM.Edge.Signing;
using OffLM.Edge.Signing.TypedStructs;

namespace OffLM.Fleet.Store;

/// <summary>Signs for the collector. With a key file, which signs at once: it is used inside transactions.</summary>
internal sealed class Notary(KeyFileKey key)
{
    /// <summary>Whose signatures these are.</summary>
    public Address Collector => key.Address;

    /// <summary>Signs a structure for a network.</summary>
    public RecoverableSignature Sign<T>(T value, TypedDomain domain)
        where T : ITypedStruct<T>, new() => key.SignAsync(domain.Digest(TypedStruct.Hash(value)), CancellationToken.None).Result;
}
