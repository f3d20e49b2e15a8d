using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace OffLM.Edge.Inference;

/// <summary>Passes over all logits, vectorised: a vocabulary has 32,000 to 250,000 tokens and each pass is paid per token.</summary>
internal static class LogitMath
{
    /// <summary>How many values are summed as floats before the sum goes on in double: keeps the error far below what sampling can notice.</summary>
    private const int BlockSize = 1024;

    /// <summary>e to this is near the smallest float that has all its digits; below it a weight counts as nothing.</summary>
    internal const float LowestExponent = -86;

    private const float Log2E = 1.44269504f;

    /// <summary>1.5 · 2²³: adding it rounds to a whole number and leaves that in the lowest bits.</summary>
    private const float Rounder = 12_582_912f;

    /// <summary>From this exponent comes exactly 0.</summary>
    private const float LowestPower = -127;

    // 2ᶠ = 1 + P1·f + P2·f² + P3·f³ + P4·f⁴ for f from −½ to ½, with the least relative error.
    private const float P1 = 0.693124193f;
    private const float P2 = 0.240240986f;
    private const float P3 = 0.055906425f;
    private const float P4 = 0.009582853f;

    /// <summary>How far two ways to compute the same scores are apart at most, as a share of the scores' spread.</summary>
    /// <exception cref="InferenceException">Some are no numbers, or all are the same: nothing computed them.</exception>
    internal static float Difference(ReadOnlySpan<float> scores, ReadOnlySpan<float> others)
    {
        var (least, most, difference) = (float.MaxValue, float.MinValue, 0f);
        for (var i = 0; i < scores.Length; i++)
        {
            // Math.Max keeps what is not a number.
            (least, most) = (Math.Min(least, scores[i]), Math.Max(most, scores[i]));
            difference = Math.Max(difference, Math.Abs(scores[i] - others[i]));
        }

        if (!float.IsFinite(difference))
        {
            throw new InferenceException("its scores are no numbers");
        }

        return most > least ? difference / (most - least) : throw new InferenceException("its scores are all the same");
    }

    /// <summary>The largest value; NaN if there is one.</summary>
    internal static float Max(ReadOnlySpan<float> values)
    {
        var width = Vector<float>.Count;
        var i = 0;
        var max = float.NegativeInfinity;
        if (values.Length >= 4 * width)
        {
            // The processor's own maximum is one instruction, but passes over NaN: those are looked for apart. Four at a time, as each
            // maximum waits for the one before.
            var (a, b, c, d) = (At(values, 0), At(values, width), At(values, 2 * width), At(values, 3 * width));
            var numbers = Vector<int>.AllBitsSet;
            for (; i <= values.Length - (4 * width); i += 4 * width)
            {
                var (v, w, x, y) = (At(values, i), At(values, i + width), At(values, i + (2 * width)), At(values, i + (3 * width)));
                a = Vector.MaxNative(a, v);
                b = Vector.MaxNative(b, w);
                c = Vector.MaxNative(c, x);
                d = Vector.MaxNative(d, y);
                numbers &= Vector.Equals(v, v) & Vector.Equals(w, w) & Vector.Equals(x, x) & Vector.Equals(y, y);
            }

            if (numbers != Vector<int>.AllBitsSet)
            {
                return float.NaN;
            }

            a = Vector.MaxNative(Vector.MaxNative(a, b), Vector.MaxNative(c, d));
            for (var lane = 0; lane < width; lane++)
            {
                max = Math.Max(max, a[lane]);
            }
        }

        for (; i < values.Length; i++)
        {
            max = Math.Max(max, values[i]);
        }

        return max;
    }

    /// <summary>The first index of a value that is there. (Of spans of floats the library looks at one value at a time.)</summary>
    internal static int IndexOf(ReadOnlySpan<float> values, float value)
    {
        var wanted = new Vector<float>(value);
        var i = 0;
        while (i <= values.Length - Vector<float>.Count && !Vector.EqualsAny(At(values, i), wanted))
        {
            i += Vector<float>.Count;
        }

        return i + values[i..].IndexOf(value);
    }

    /// <summary>Passes over whole vectors whose values are all at most a limit.</summary>
    /// <param name="values">Where.</param>
    /// <param name="from">The first to look at.</param>
    /// <param name="limit">What a value must be above to be stopped at.</param>
    /// <returns>Not behind the first value above the limit, nor a vector's length before it; or where less than a vector is left.</returns>
    internal static int Above(ReadOnlySpan<float> values, int from, float limit)
    {
        var width = Vector<float>.Count;
        var limits = new Vector<float>(limit);
        for (; from <= values.Length - (4 * width); from += 4 * width)
        {
            var highest = Vector.MaxNative(
                Vector.MaxNative(At(values, from), At(values, from + width)), Vector.MaxNative(At(values, from + (2 * width)), At(values, from + (3 * width))));
            if (Vector.GreaterThanAny(highest, limits))
            {
                break;
            }
        }

        while (from <= values.Length - width && !Vector.GreaterThanAny(At(values, from), limits))
        {
            from += width;
        }

        return from;
    }

    /// <summary>Σ exp((x − max) · scale): the softmax's denominator.</summary>
    internal static double SumExp(ReadOnlySpan<float> values, float max, float scale)
    {
        var sum = 0.0;
        for (; !values.IsEmpty; values = values[Math.Min(BlockSize, values.Length)..])
        {
            sum += BlockSumExp(values[..Math.Min(BlockSize, values.Length)], max, scale);
        }

        return sum;
    }

    /// <summary>exp((x − max) · scale) of each, right to five digits.</summary>
    internal static void Exp(ReadOnlySpan<float> values, float max, float scale, Span<float> results)
    {
        var (maxima, scales) = (new Vector<float>(max), new Vector<float>(scale * Log2E));
        var i = 0;
        for (; i <= values.Length - Vector<float>.Count; i += Vector<float>.Count)
        {
            PowerOfTwo((At(values, i) - maxima) * scales).CopyTo(results[i..]);
        }

        for (; i < values.Length; i++)
        {
            results[i] = Exp((values[i] - max) * scale);
        }
    }

    /// <summary>exp(x) for x ≤ 0, as <see cref="SumExp(ReadOnlySpan{float}, float, float)"/> counts it.</summary>
    internal static float Exp(float x) => x < LowestExponent ? 0 : MathF.Exp(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector<float> At(ReadOnlySpan<float> values, int index) =>
        Vector.LoadUnsafe(ref MemoryMarshal.GetReference(values), (nuint)index);

    private static float BlockSumExp(ReadOnlySpan<float> values, float max, float scale)
    {
        var (maxima, scales, sums) = (new Vector<float>(max), new Vector<float>(scale * Log2E), Vector<float>.Zero);
        var i = 0;
        for (; i <= values.Length - Vector<float>.Count; i += Vector<float>.Count)
        {
            sums += PowerOfTwo((At(values, i) - maxima) * scales);
        }

        var sum = Vector.Sum(sums);
        for (; i < values.Length; i++)
        {
            sum += Exp((values[i] - max) * scale);
        }

        return sum;
    }

    /// <summary>
    /// 2ˣ for x ≤ 0 with a relative error below 1e-5, which no count of draws can show. The library's exponential is exact to the last bit,
    /// and many times slower where the program is compiled ahead of time for any processor. x = n + f, f from −½ to ½; a polynomial for 2ᶠ
    /// with the least relative error; times 2ⁿ by adding n to its exponent.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<float> PowerOfTwo(Vector<float> x)
    {
        var rounder = new Vector<float>(Rounder);
        var counted = Vector.MaxNative(x, new Vector<float>(LowestPower));
        var shifted = counted + rounder;
        var f = counted - (shifted - rounder);
        var p = (new Vector<float>(P4) * f) + new Vector<float>(P3);
        p = (p * f) + new Vector<float>(P2);
        p = (p * f) + new Vector<float>(P1);
        p = (p * f) + Vector<float>.One;
        return Vector.AsVectorSingle(Vector.AsVectorInt32(p) + Vector.ShiftLeft(Vector.AsVectorInt32(shifted), 23));
    }
}
