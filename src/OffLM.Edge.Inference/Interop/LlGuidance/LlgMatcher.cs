using System.Numerics;
using System.Runtime.InteropServices;

namespace OffLM.Edge.Inference.Interop.LlGuidance;

/// <summary>A grammar and how far an answer has come in it. Used by one thread at a time.</summary>
internal sealed unsafe class LlgMatcher : IDisposable
{
    private const int BitsOfWord = 32;

    private readonly TokenizerHandle _tokenizer;
    private readonly int _endToken;
    private readonly MatcherHandle _handle;
    private readonly uint[] _mask;

    /// <param name="tokenizer">The model's.</param>
    /// <param name="schema">A JSON schema.</param>
    /// <exception cref="InferenceException">The library refuses it; its reason, which may quote the schema.</exception>
    internal LlgMatcher(LlgTokenizer tokenizer, string schema)
    {
        (_tokenizer, _endToken) = (tokenizer.Handle, tokenizer.EndToken);
        var isHeld = false;
        _tokenizer.DangerousAddRef(ref isHeld);
        NativeMethods.MatcherInit init;
        NativeMethods.llg_constraint_init_set_defaults(&init, _tokenizer);

        // What it would write quotes the answer.
        (init.BufferedLog, init.StandardErrorLog) = (0, 0);
        _handle = NativeMethods.llg_new_matcher(&init, "json_schema", schema);
        if (NativeMethods.llg_matcher_get_error(_handle) is var error and not 0)
        {
            var message = Marshal.PtrToStringUTF8(error) ?? "unknown";
            Dispose();
            throw new InferenceException(message);
        }

        _mask = new uint[(int)NativeMethods.llg_matcher_get_mask_byte_size(_handle) / sizeof(uint)];
    }

    /// <summary>The allowed token with the highest score, which the answer goes on with.</summary>
    /// <exception cref="InferenceException">The library gives up on the grammar.</exception>
    internal int Take(ReadOnlySpan<float> scores)
    {
        fixed (uint* mask = _mask)
        {
            Require(NativeMethods.llg_matcher_compute_mask_into(_handle, mask, (nuint)_mask.Length * sizeof(uint)));
        }

        var best = -1;
        for (var word = 0; word < _mask.Length; word++)
        {
            for (var bits = _mask[word]; bits != 0; bits &= bits - 1)
            {
                var token = (word * BitsOfWord) + BitOperations.TrailingZeroCount(bits);
                if (token < scores.Length && (best < 0 || scores[token] > scores[best]))
                {
                    best = token;
                }
            }
        }

        if (best < 0)
        {
            throw Stuck();
        }

        // A grammar that has come to its end allows the end, but doesn't take it.
        if (best != _endToken)
        {
            Require(NativeMethods.llg_matcher_consume_token(_handle, (uint)best));
        }

        return best;
    }

    public void Dispose()
    {
        if (!_handle.IsClosed)
        {
            _handle.Dispose();
            _tokenizer.DangerousRelease();
        }
    }

    /// <summary>The library's own words would quote the answer.</summary>
    private static void Require(int result)
    {
        if (result != 0)
        {
            throw Stuck();
        }
    }

    private static InferenceException Stuck() => new("the schema's grammar can't be followed any further. A simpler schema may do.");
}
