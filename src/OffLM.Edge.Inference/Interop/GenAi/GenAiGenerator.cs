namespace OffLM.Edge.Inference.Interop.GenAi;

/// <summary>One sequence in the library, with its key-value cache.</summary>
internal sealed unsafe class GenAiGenerator : IDisposable
{
    private readonly GeneratorHandle _handle;
    private readonly int _vocabularySize;
    private nint _logits;
    private float* _logitsData;

    /// <param name="model">Whose.</param>
    /// <param name="maxLength">Tokens to make room for.</param>
    /// <param name="vocabularySize">How many logits there are.</param>
    internal GenAiGenerator(GenAiModel model, int maxLength, int vocabularySize)
    {
        _vocabularySize = vocabularySize;
        GenAiResult.ThrowIfError(NativeMethods.OgaCreateGeneratorParams(model.Handle, out var parameters));
        using (parameters)
        {
            // A model's own search settings would change what we choose by: our sampler has already applied ours.
            SetNumber(parameters, "max_length", maxLength);
            SetNumber(parameters, "min_length", 0);
            SetNumber(parameters, "batch_size", 1);
            SetNumber(parameters, "num_beams", 1);
            SetNumber(parameters, "repetition_penalty", 1);
            SetNumber(parameters, "no_repeat_ngram_size", 0);
            GenAiResult.ThrowIfError(NativeMethods.OgaGeneratorParamsSetSearchBool(parameters, "do_sample", false));

            // The library's own chance is never asked, but without a seed it takes 624 words of the processor's randomness: 12 ms of a first token.
            SetNumber(parameters, "random_seed", 1);
            GenAiResult.ThrowIfError(NativeMethods.OgaCreateGenerator(model.Handle, parameters, out _handle));
        }
    }

    internal int Length => checked((int)NativeMethods.OgaGenerator_TokenCount(_handle));

    /// <summary>A copy of the scores for the next token, in the library's memory; computes them if need be.</summary>
    internal Span<float> Logits
    {
        get
        {
            if (_logits == 0)
            {
                GenAiResult.ThrowIfError(NativeMethods.OgaGenerator_GetLogits(_handle, out _logits));
                GenAiResult.ThrowIfError(NativeMethods.OgaTensorGetData(_logits, out var data));
                _logitsData = (float*)data;
            }

            return new Span<float>(_logitsData, _vocabularySize);
        }
    }

    /// <summary>Appends tokens and computes the logits after them.</summary>
    internal void Append(ReadOnlySpan<int> tokens)
    {
        ForgetLogits();
        fixed (int* first = tokens)
        {
            GenAiResult.ThrowIfError(NativeMethods.OgaGenerator_AppendTokens(_handle, first, (nuint)tokens.Length));
        }
    }

    internal void RewindTo(int length)
    {
        ForgetLogits();
        GenAiResult.ThrowIfError(NativeMethods.OgaGenerator_RewindTo(_handle, (nuint)length));
    }

    /// <summary>Makes the call that is running in another thread fail soon.</summary>
    internal void Terminate() =>
        GenAiResult.ThrowIfError(NativeMethods.OgaGenerator_SetRuntimeOption(_handle, "terminate_session", "1"));

    public void Dispose()
    {
        ForgetLogits();
        _handle.Dispose();
    }

    private static void SetNumber(GeneratorParamsHandle parameters, string name, double value) =>
        GenAiResult.ThrowIfError(NativeMethods.OgaGeneratorParamsSetSearchNumber(parameters, name, value));

    private void ForgetLogits()
    {
        if (_logits != 0)
        {
            NativeMethods.OgaDestroyTensor(_logits);
            _logits = 0;
            _logitsData = null;
        }
    }
}
