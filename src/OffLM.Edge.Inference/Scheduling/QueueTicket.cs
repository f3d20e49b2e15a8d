namespace OffLM.Edge.Inference;

/// <summary>A place in the queue.</summary>
public sealed class QueueTicket : IDisposable
{
    /// <summary>Uses the place. A guided request compiles its grammar here, on the caller's thread (up to a second).</summary>
    /// <exception cref="ArgumentException">The request is out of range: says what and which values are allowed.</exception>
    /// <exception cref="InvalidGuidanceException"/>
    public Generation Start(GenerationRequest request) => throw new NotImplementedException();

    /// <summary>Frees the place if it was not used.</summary>
    public void Dispose() => throw new NotImplementedException();
}
