namespace OffLM.Edge.Inference;

/// <summary>What every loaded model has, whether it answers or makes embeddings.</summary>
public interface IModelEngine : IDisposable
{
    /// <summary>Name, version and provider for the execution record.</summary>
    EngineDescription Description { get; }

    /// <summary>Tokens that the model can attend to: of an answering model, prompt and completion together.</summary>
    int ContextLength { get; }

    /// <summary>How many tokens there are.</summary>
    int VocabularySize { get; }

    /// <summary>The token ids of a text; special tokens written out in it are recognised. May be called from any thread.</summary>
    int[] Encode(string text);
}
