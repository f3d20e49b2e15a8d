using OffLM.Edge.Inference;
using OffLM.Edge.Metering;
using OffLM.Edge.Signing;
using OffLM.Edge.Work.Callers;

namespace OffLM.Edge.Work.Requests;

/// <summary>Something with a durable hold that is not closed yet.</summary>
internal interface IOpenAnswer
{
    Bytes32 Request { get; }

    Caller Caller { get; }

    StoredModel Model { get; }

    /// <summary>For a request that may be retried: its retry's name, what was asked, and the answer so far. Null for any other.</summary>
    (Bytes32 Key, string? Digest, string Text)? Retry { get; }

    /// <summary>What is proven to be delivered and not stored yet; null if nothing is.</summary>
    Checkpoint? Tick();
}
