namespace OffLM.Edge.Inference;

/// <summary>A place in the key-value cache with one sequence in it. All members but <see cref="Abort"/> belong to one thread.</summary>
public interface ISlot : IDisposable
{
    /// <summary>Tokens that fit.</summary>
    int Capacity { get; }

    /// <summary>Tokens that are in the cache.</summary>
    int Length { get; }

    /// <summary>Tokens that memory is taken for.</summary>
    int Reserved => Capacity;

    /// <summary>True if a grammar decides which tokens are allowed: then <see cref="PickAllowed"/> chooses.</summary>
    bool Guided { get; }

    /// <summary>Scores for the token after the last one. The caller may change them in place. Valid until the slot's next call and, after a step,
    /// until the engine's next step.</summary>
    Span<float> Logits { get; }

    /// <summary>The largest of each 128 of <see cref="Logits"/> (the last one has what is left), as they were computed; empty if the engine didn't look for them.
    /// A score that is no number may be missing from them.</summary>
    ReadOnlySpan<float> Maxima => [];

    /// <summary>Computes a piece of the prompt.</summary>
    /// <param name="tokens">The piece.</param>
    /// <param name="scores">False if nobody will look at the scores after it: they may be missing then.</param>
    void Prefill(ReadOnlySpan<int> tokens, bool scores = true);

    /// <summary>Guided slots: takes the token with the highest of the (changed) <see cref="Logits"/> that the grammar allows.</summary>
    int PickAllowed();

    /// <summary>Appends the chosen token and computes the logits after it. In a guided slot it must be what <see cref="PickAllowed"/> returned.</summary>
    void Step(int token);

    /// <summary>Appends the chosen token as <see cref="Step"/> does, and computes besides what the scores were if guessed ones followed it.</summary>
    /// <param name="tokens">The chosen token, and at most <see cref="IEngine.MaxDraft"/> guesses.</param>
    void Verify(ReadOnlySpan<int> tokens) => throw new NotSupportedException("This engine's slots check no guesses.");

    /// <summary>Appends the next guess, which has turned out to be right: <see cref="Logits"/> are those after it. Guesses that are not accepted are gone
    /// with the next call of another kind.</summary>
    void Accept() => throw new NotSupportedException("This engine's slots check no guesses.");

    /// <summary>Forgets all tokens from this position on; the next call must be <see cref="Prefill"/>.</summary>
    void Rewind(int length);

    /// <summary>Takes over the first tokens of another sequence, for which nothing is computed. Those that are here must be the same.</summary>
    /// <param name="from">A slot of the same engine, one whose <see cref="IEngine.CanCopySlots"/> is true.</param>
    /// <param name="length">How many, more than are here.</param>
    void Copy(ISlot from, int length) => throw new NotSupportedException("This engine's slots can't be copied.");

    /// <summary>What it is computed with beside the model; null for nothing. To be set before anything is computed.</summary>
    internal LoraAdapter? Adapter
    {
        get => null;
        set
        {
            if (value is not null)
            {
                throw new NotSupportedException("This engine's slots take no adapter.");
            }
        }
    }

    /// <summary>Makes a running <see cref="Prefill"/> fail soon, from any thread. The slot can only be disposed afterwards.</summary>
    void Abort();
}
