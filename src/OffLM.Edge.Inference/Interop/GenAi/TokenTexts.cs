using System.Buffers;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Unicode;

namespace OffLM.Edge.Inference.Interop.GenAi;

/// <summary>The texts that a model's tokens had, so that the same text is not made into another string each time a token comes. The library gives
/// text again for each token, as what it is depends on the tokens before. Belongs to the model's decode thread.</summary>
internal sealed unsafe class TokenTexts
{
    /// <summary>Longer texts are rare and made anew.</summary>
    private const int LongestKept = 64;

    /// <summary>Tokens beyond this are made anew: bounds the memory. The largest vocabularies have 260,000.</summary>
    private const int MostKept = 1 << 18;

    private string?[] _texts = [];

    /// <summary>The text that the library gave for a token.</summary>
    /// <param name="token">Its number.</param>
    /// <param name="utf8">The text, ended by a zero; null for none.</param>
    internal string Of(int token, nint utf8)
    {
        var bytes = MemoryMarshal.CreateReadOnlySpanFromNullTerminated((byte*)utf8);
        if (bytes.Length is 0 or > LongestKept || (uint)token >= MostKept)
        {
            return Encoding.UTF8.GetString(bytes);
        }

        if (token >= _texts.Length)
        {
            Array.Resize(ref _texts, Math.Min(MostKept, Math.Max(1024, token + (token / 2) + 1)));
        }

        var known = _texts[token];
        return known is not null && IsSame(bytes, known) ? known : _texts[token] = Encoding.UTF8.GetString(bytes);
    }

    private static bool IsSame(ReadOnlySpan<byte> bytes, string known)
    {
        Span<char> text = stackalloc char[LongestKept];
        return Utf8.ToUtf16(bytes, text, out _, out var length) == OperationStatus.Done && text[..length].SequenceEqual(known);
    }
}
