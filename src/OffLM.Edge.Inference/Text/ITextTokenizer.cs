namespace OffLM.Edge.Inference;

/// <summary>Turns text into a model's tokens. May be used from any thread.</summary>
internal interface ITextTokenizer : IDisposable
{
    /// <summary>The token ids; special tokens written out in the text are recognised, none is added.</summary>
    int[] Encode(string text);
}
