using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace OffLM.Edge.Inference;

/// <summary>Passes over all logits, vectorised: a vocabulary has 32,000 to 250,000 tokens and each pass is paid per token.</summary>
internal static class LogitMath
{
    /// <summary>Elements whose exponentials are summed in single precision: keeps the error far below what sampling can notice.</summary>
    internal const int PartElements = 4096;

    /// <summary>The first index of the largest value. NaN is never the largest, unless it comes first.</summary>
    internal static int ArgMax(ReadOnlySpan<float> values)
    {
        // Comparing against the best so far costs a fifth of a vector maximum, and finding a better one soon becomes rare.
        var best = 0;
        var max = values[0];
        var i = 0;
        while (i < values.Length)
        {
            if (i <= values.Length - Vector<float>.Count && !Vector.GreaterThanAny(At(values, i), new Vector<float>(max)))
            {
                i += Vector<float>.Count;
                continue;
            }

            for (var end = Math.Min(values.Length, i + Vector<float>.Count); i < end; i++)
            {
                if (values[i] > max)
                {
                    (best, max) = (i, values[i]);
                }
            }
        }

        return best;
    }

    /// <summary>The largest value; see <see cref="ArgMax"/>.</summary>
    internal static float Max(ReadOnlySpan<float> values) => values[ArgMax(values)];

    /// <summary>Σ exp((x − max) · scale): the softmax's denominator.</summary>
    /// <param name="parts">Gets the sum of each <see cref="PartElements"/> values, if given.</param>
    /// <remarks>Always in vectors of four: results then don't depend on the processor's width, and ahead-of-time code has no
    /// accelerated exponential for <see cref="Vector{T}"/> (measured 18 times slower than this).</remarks>
    internal static double SumExp(ReadOnlySpan<float> values, float max, float scale, Span<double> parts = default)
    {
        var sum = 0.0;
        for (var start = 0; start < values.Length; start += PartElements)
        {
            var part = SumPart(values.Slice(start, Math.Min(PartElements, values.Length - start)), max, scale);
            sum += part;
            if (!parts.IsEmpty)
            {
                parts[start / PartElements] = part;
            }
        }

        return sum;
    }

    private static double SumPart(ReadOnlySpan<float> values, float max, float scale)
    {
        ref var first = ref MemoryMarshal.GetReference(values);
        var maxima = Vector128.Create(max);
        var sums = Vector128<float>.Zero;
        var i = 0;
        for (; i <= values.Length - Vector128<float>.Count; i += Vector128<float>.Count)
        {
            sums += Vector128.Exp((Vector128.LoadUnsafe(ref first, (nuint)i) - maxima) * scale);
        }

        var sum = Vector128.Sum(sums);
        for (; i < values.Length; i++)
        {
            sum += MathF.Exp((values[i] - max) * scale);
        }

        return sum;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector<float> At(ReadOnlySpan<float> values, int index) =>
        Vector.LoadUnsafe(ref MemoryMarshal.GetReference(values), (nuint)index);
}
