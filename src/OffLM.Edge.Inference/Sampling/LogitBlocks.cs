using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace OffLM.Edge.Inference;

/// <summary>The largest of each 128 logits, found in one pass over all of them: what is looked for after that is looked for in few blocks.</summary>
internal sealed class LogitBlocks
{
    /// <summary>Logits of a block; the last one has what is left.</summary>
    internal const int Size = 128;

    private float[] _maxima = [];
    private int _count;

    /// <summary>Each block's largest.</summary>
    internal ReadOnlySpan<float> Maxima => _maxima.AsSpan(0, _count);

    /// <summary>How many blocks so many logits have.</summary>
    internal static int CountOf(int logits) => (logits + Size - 1) / Size;

    /// <summary>One block's values.</summary>
    internal static ReadOnlySpan<float> Of(ReadOnlySpan<float> logits, int block) => logits[(block * Size)..Math.Min(logits.Length, (block + 1) * Size)];

    /// <summary>Passes over all.</summary>
    /// <returns>The largest; NaN if there is one.</returns>
    internal float Read(ReadOnlySpan<float> logits)
    {
        Reserve(CountOf(logits.Length));

        // The processor's own maximum is one instruction, but passes over NaN: those are looked for apart.
        var numbers = Vector128<float>.AllBitsSet;
        ref var first = ref MemoryMarshal.GetReference(logits);
        var whole = logits.Length / Size;
        for (var block = 0; block < whole; block++)
        {
            var at = (nuint)(block * Size);
            var (a, b, c, d) = (Four(ref first, at), Four(ref first, at + 4), Four(ref first, at + 8), Four(ref first, at + 12));
            numbers &= Vector128.Equals(a, a) & Vector128.Equals(b, b) & Vector128.Equals(c, c) & Vector128.Equals(d, d);
            for (var end = at + Size; (at += 16) < end;)
            {
                var (v, w, x, y) = (Four(ref first, at), Four(ref first, at + 4), Four(ref first, at + 8), Four(ref first, at + 12));
                a = Vector128.MaxNative(a, v);
                b = Vector128.MaxNative(b, w);
                c = Vector128.MaxNative(c, x);
                d = Vector128.MaxNative(d, y);
                numbers &= Vector128.Equals(v, v) & Vector128.Equals(w, w) & Vector128.Equals(x, x) & Vector128.Equals(y, y);
            }

            a = Vector128.MaxNative(Vector128.MaxNative(a, b), Vector128.MaxNative(c, d));
            a = Vector128.MaxNative(a, Vector128.Shuffle(a, Vector128.Create(2, 3, 0, 1)));
            _maxima[block] = Vector128.MaxNative(a, Vector128.Shuffle(a, Vector128.Create(1, 0, 3, 2))).ToScalar();
        }

        if (whole < _count)
        {
            _maxima[whole] = LogitMath.Max(logits[(whole * Size)..]);
        }

        return Vector128.EqualsAll(numbers.AsInt32(), Vector128<int>.AllBitsSet) ? LogitMath.Max(Maxima) : float.NaN;
    }

    /// <summary>Takes over what is known.</summary>
    /// <param name="maxima">The largest of each block.</param>
    internal void Take(ReadOnlySpan<float> maxima)
    {
        Reserve(maxima.Length);
        maxima.CopyTo(_maxima);
    }

    /// <summary>Passes over the block again in which a logit was changed.</summary>
    internal void Renew(ReadOnlySpan<float> logits, int token) => _maxima[token / Size] = LogitMath.Max(Of(logits, token / Size));

    /// <summary>The first index of the largest.</summary>
    /// <param name="logits">What was read.</param>
    /// <param name="max">What reading gave; a number.</param>
    internal int IndexOf(ReadOnlySpan<float> logits, float max)
    {
        var block = LogitMath.IndexOf(Maxima, max);
        return (block * Size) + Of(logits, block).IndexOf(max);
    }

    private void Reserve(int count)
    {
        _count = count;
        if (_maxima.Length < count)
        {
            _maxima = new float[count];
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> Four(ref float first, nuint index) => Vector128.LoadUnsafe(ref first, index);
}
