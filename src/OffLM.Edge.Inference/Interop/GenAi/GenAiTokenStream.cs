namespace OffLM.Edge.Inference.Interop.GenAi;

/// <summary>The library's incremental decoder.</summary>
internal sealed class GenAiTokenStream : ITokenStream
{
    private readonly TokenizerStreamHandle _handle;

    private readonly TokenTexts _texts;

    internal GenAiTokenStream(TokenizerHandle tokenizer, TokenTexts texts)
    {
        GenAiResult.ThrowIfError(NativeMethods.OgaCreateTokenizerStream(tokenizer, out _handle));
        _texts = texts;
    }

    public string Append(int token)
    {
        GenAiResult.ThrowIfError(NativeMethods.OgaTokenizerStreamDecode(_handle, token, out var text));

        // The string belongs to the stream.
        return _texts.Of(token, text);
    }

    public void Dispose() => _handle.Dispose();
}
