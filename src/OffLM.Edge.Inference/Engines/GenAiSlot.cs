using OffLM.Edge.Inference.Interop.GenAi;

namespace OffLM.Edge.Inference;

/// <summary>One GenAI generator. Tokens are chosen by our own sampler from its logits and appended: measured as fast as letting
/// GenAI generate, and free of 0.15's hole in the cache when tokens are appended after generating.</summary>
internal sealed class GenAiSlot(GenAiGenerator generator, int capacity, bool guided) : ISlot
{
    private readonly int[] _one = new int[1];

    public int Capacity => capacity;

    public int Length => generator.Length;

    public bool Guided => guided;

    public Span<float> Logits => generator.Logits;

    public void Prefill(ReadOnlySpan<int> tokens, bool scores = true) => generator.Append(tokens);

    public int PickAllowed() => guided
        ? generator.PickHighestAllowed()
        : throw new InvalidOperationException("Only a guided slot picks by its grammar.");

    public void Step(int token)
    {
        if (guided)
        {
            // PickAllowed has appended it; asking for the logits computes them and moves the grammar on.
            _ = generator.Logits;
            return;
        }

        _one[0] = token;
        generator.Append(_one);
    }

    public void Rewind(int length) => generator.RewindTo(length);

    public void Abort() => generator.Terminate();

    public void Dispose() => generator.Dispose();
}
