namespace OffLM.Edge.Inference;

/// <summary>A loaded model for as long as one request needs it. Dispose it when the request is done; the model stays for its keep-alive.</summary>
public sealed class ModelLease : IDisposable
{
    public StoredModel Model => throw new NotImplementedException();

    /// <summary>The receipt's model id: 64 lower-case hexadecimal digits.</summary>
    public string ModelId => Model.Id;

    public int ContextLength => throw new NotImplementedException();

    public EngineDescription Engine => throw new NotImplementedException();

    /// <summary>How long this request waited for the model to be verified and loaded; zero if it was in memory.</summary>
    public TimeSpan LoadDuration => throw new NotImplementedException();

    public GenerationScheduler Scheduler => throw new NotImplementedException();

    public int[] Encode(string text) => throw new NotImplementedException();

    public int CountTokens(string text) => throw new NotImplementedException();

    public string Decode(ReadOnlySpan<int> tokens) => throw new NotImplementedException();

    public string ApplyChatTemplate(string messagesJson, string? toolsJson = null, bool addGenerationPrompt = true) => throw new NotImplementedException();

    public void Dispose() => throw new NotImplementedException();
}
