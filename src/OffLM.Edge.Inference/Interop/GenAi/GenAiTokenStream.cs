using System.Runtime.InteropServices;

namespace OffLM.Edge.Inference.Interop.GenAi;

/// <summary>The library's incremental decoder.</summary>
internal sealed class GenAiTokenStream : ITokenStream
{
    private readonly TokenizerStreamHandle _handle;

    internal GenAiTokenStream(TokenizerHandle tokenizer) =>
        GenAiResult.ThrowIfError(NativeMethods.OgaCreateTokenizerStream(tokenizer, out _handle));

    public string Append(int token)
    {
        GenAiResult.ThrowIfError(NativeMethods.OgaTokenizerStreamDecode(_handle, token, out var text));

        // The string belongs to the stream.
        return Marshal.PtrToStringUTF8(text) ?? "";
    }

    public void Dispose() => _handle.Dispose();
}
