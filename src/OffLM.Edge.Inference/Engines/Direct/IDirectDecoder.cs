using OffLM.Edge.Inference.Interop.OnnxRuntime;

namespace OffLM.Edge.Inference;

/// <summary>A decoder's graph and the rows of its cache: computes a piece of one row's prompt, or the next token of neighbouring rows. How keys and
/// values go in and out is the graph's kind.</summary>
internal interface IDirectDecoder : IDisposable
{
    /// <summary>How far two ways to compute the same scores may differ, as a share of their spread: rounding to 8 bits gives about 0.01.</summary>
    const float Tolerance = 0.05f;

    KeyValueCache Cache { get; }

    int ContextLength { get; }

    int VocabularySize { get; }

    /// <summary>True if scores come with the largest of each of <see cref="LogitBlocks"/>.</summary>
    bool GivesMaxima => false;

    /// <summary>What the next prefill or step is computed with; null for nothing but the model.</summary>
    LoraAdapter? Adapter
    {
        get => null;
        set
        {
            if (value is not null)
            {
                throw new NotSupportedException("This graph takes no adapter.");
            }
        }
    }

    /// <summary>Loads an adapter for this graph.</summary>
    /// <exception cref="ModelLoadException">It doesn't fit; says why.</exception>
    LoraAdapter LoadAdapter(StoredModel model) => throw new ModelLoadException("its base model is in operators of the ONNX standard, which take no adapter");

    /// <summary>Computes a piece of a prompt.</summary>
    /// <param name="row">Whose.</param>
    /// <param name="length">Tokens that are in the row already.</param>
    /// <param name="tokens">What follows.</param>
    /// <param name="scores">Takes the scores after the last of them.</param>
    /// <param name="wanted">False if nobody will look at them.</param>
    /// <param name="options">To stop it with.</param>
    void Prefill(int row, int length, ReadOnlySpan<int> tokens, ScoreRows scores, bool wanted, OrtRunOptions options);

    /// <summary>Begins a step: says a row's next token. A row that is only computed because its neighbours are gets any token.</summary>
    /// <param name="place">The row's place in the step.</param>
    /// <param name="token">What follows.</param>
    /// <param name="length">Tokens before it.</param>
    /// <param name="longest">The longest row's tokens.</param>
    void Next(int place, int token, int length, int longest);

    /// <summary>Computes the next token of neighbouring rows.</summary>
    /// <returns>Their scores, one row after the other; valid until the next step.</returns>
    ScoreRows Step(int firstRow, int rows, int longest);

    /// <summary>How many guessed tokens can be checked at a time; 0 if the graph gives scores after the last token only.</summary>
    int MaxDraft => 0;

    /// <summary>Computes the scores after each of some tokens that may follow a row.</summary>
    /// <param name="row">Which.</param>
    /// <param name="length">Tokens that are in the row already.</param>
    /// <param name="tokens">At most one more than <see cref="MaxDraft"/>.</param>
    /// <returns>Their scores, one token after the other; valid until the next step.</returns>
    ScoreRows Verify(int row, int length, ReadOnlySpan<int> tokens) => throw new NotSupportedException("This graph gives scores after the last token only.");

    /// <summary>Computes something small, to see that the graph does what is expected of it where it runs. The cache must be empty.</summary>
    /// <exception cref="InferenceException">It doesn't; says how.</exception>
    void Try();
}
