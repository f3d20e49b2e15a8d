using System.Runtime.InteropServices;
using System.Text;

namespace OffLM.Edge.Inference.Interop.LlGuidance;

/// <summary>A model's tokens as grammars see them. Making it takes about a second for 150,000; any thread may use it.</summary>
internal sealed unsafe class LlgTokenizer : IDisposable
{
    private const int ErrorBytes = 512;

    /// <param name="json">The contents of <c>tokenizer.json</c>.</param>
    /// <param name="vocabularySize">Scores of a token.</param>
    /// <param name="endToken">What ends an answer.</param>
    /// <exception cref="InferenceException">The library's reason.</exception>
    internal LlgTokenizer(ReadOnlySpan<byte> json, int vocabularySize, int endToken)
    {
        EndToken = endToken;
        var error = stackalloc byte[ErrorBytes];
        var text = new byte[json.Length + 1];
        json.CopyTo(text);
        fixed (byte* first = text)
        {
            // Without a function of ours, no bytes are cut into tokens beforehand: any token that fits is allowed, also a part of a character.
            var init = new NativeMethods.TokenizerInit
            {
                VocabularySize = (uint)vocabularySize,
                EndToken = (uint)endToken,
                TokenizerJson = first,
                TokenizeGreedily = 1,
            };
            Handle = new TokenizerHandle(NativeMethods.llg_new_tokenizer(&init, error, ErrorBytes));
        }

        if (Handle.IsInvalid)
        {
            var reason = Encoding.UTF8.GetString(MemoryMarshal.CreateReadOnlySpanFromNullTerminated(error));
            throw new InferenceException($"its tokenizer can't be used for guided output: {reason}");
        }
    }

    internal TokenizerHandle Handle { get; }

    internal int EndToken { get; }

    public void Dispose() => Handle.Dispose();
}
