namespace OffLM.Edge.Inference.Interop.GenAi;

/// <summary>One sequence in the library: its key-value cache and, if asked for, the grammar it follows.</summary>
internal sealed unsafe class GenAiGenerator : IDisposable
{
    private readonly GeneratorHandle _handle;
    private readonly int _vocabularySize;
    private nint _logits;
    private float* _logitsData;

    /// <param name="model">Whose.</param>
    /// <param name="maxLength">Tokens to make room for.</param>
    /// <param name="vocabularySize">How many logits there are.</param>
    /// <param name="guidanceKind">One of the library's kinds (<c>json_schema</c>, <c>regex</c>, <c>lark_grammar</c>), or null.</param>
    /// <param name="guidance">The schema, expression or grammar.</param>
    internal GenAiGenerator(GenAiModel model, int maxLength, int vocabularySize, string? guidanceKind, string? guidance)
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
            if (guidanceKind is not null)
            {
                GenAiResult.ThrowIfError(
                    NativeMethods.OgaGeneratorParamsSetGuidance(parameters, guidanceKind, guidance ?? "", fastForward: false));
            }

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

    /// <summary>Appends tokens and computes the logits after them. Never right after <see cref="PickHighestAllowed"/>: GenAI 0.15
    /// would leave the picked token out of the cache.</summary>
    internal void Append(ReadOnlySpan<int> tokens)
    {
        ForgetLogits();
        fixed (int* first = tokens)
        {
            GenAiResult.ThrowIfError(NativeMethods.OgaGenerator_AppendTokens(_handle, first, (nuint)tokens.Length));
        }
    }

    /// <summary>Hands the changed <see cref="Logits"/> back, lets the grammar mask them, and takes and appends the highest.</summary>
    internal int PickHighestAllowed()
    {
        _ = Logits;
        GenAiResult.ThrowIfError(NativeMethods.OgaGenerator_SetLogits(_handle, _logits));
        ForgetLogits();
        GenAiResult.ThrowIfError(NativeMethods.OgaGenerator_GenerateNextToken(_handle));
        GenAiResult.ThrowIfError(NativeMethods.OgaGenerator_GetNextTokens(_handle, out var tokens, out var count));
        return count == 1 ? tokens[0] : throw new InvalidOperationException($"One token was expected of GenAI, {count} came.");
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
