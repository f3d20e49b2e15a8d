namespace OffLM.Edge.Inference.Interop.GenAi;

/// <summary>A model's tokenizer and chat template. Calls are made one at a time: the library doesn't promise more.</summary>
internal sealed unsafe class GenAiTokenizer : IDisposable
{
    private readonly TokenizerHandle _handle;
    private readonly TokenTexts _texts = new();
    private readonly Lock _gate = new();

    internal GenAiTokenizer(GenAiModel model) =>
        GenAiResult.ThrowIfError(NativeMethods.OgaCreateTokenizer(model.Handle, out _handle));

    /// <summary>Adds no begin token: a chat template writes its own.</summary>
    internal int[] Encode(string text)
    {
        lock (_gate)
        {
            GenAiResult.ThrowIfError(NativeMethods.OgaCreateSequences(out var sequences));
            using (sequences)
            {
                // The library takes a C string, which a U+0000 would end.
                GenAiResult.ThrowIfError(NativeMethods.OgaTokenizerEncode(_handle, text.Replace('\0', '\uFFFD'), sequences));
                var count = checked((int)NativeMethods.OgaSequencesGetSequenceCount(sequences, 0));
                return new ReadOnlySpan<int>(NativeMethods.OgaSequencesGetSequenceData(sequences, 0), count).ToArray();
            }
        }
    }

    internal string Decode(ReadOnlySpan<int> tokens)
    {
        lock (_gate)
        {
            fixed (int* first = tokens)
            {
                GenAiResult.ThrowIfError(NativeMethods.OgaTokenizerDecode(_handle, first, (nuint)tokens.Length, out var text));
                return GenAiResult.TakeString(text);
            }
        }
    }

    internal string ApplyChatTemplate(string messages, string? tools, bool addGenerationPrompt)
    {
        lock (_gate)
        {
            GenAiResult.ThrowIfError(NativeMethods.OgaTokenizerApplyChatTemplate(
                _handle, template: null, messages, tools, addGenerationPrompt, out var text));
            return GenAiResult.TakeString(text);
        }
    }

    internal GenAiTokenStream CreateStream()
    {
        lock (_gate)
        {
            return new GenAiTokenStream(_handle, _texts);
        }
    }

    public void Dispose() => _handle.Dispose();
}
