using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace OffLM.Edge.Inference;

/// <summary>Passes over all logits, vectorised: a vocabulary has 32,000 to 250,000 tokens and each pass is paid per token.</summary>
internal static class LogitMath
{
    /// <summary>The largest value; NaN if there is one.</summary>
    internal static float Max(ReadOnlySpan<float> values)
    {
        var i = 0;
        var max = float.NegativeInfinity;
        if (values.Length >= Vector<float>.Count)
        {
            var largest = new Vector<float>(float.NegativeInfinity);
            for (; i <= values.Length - Vector<float>.Count; i += Vector<float>.Count)
            {
                largest = Vector.Max(largest, At(values, i));
            }

            for (var lane = 0; lane < Vector<float>.Count; lane++)
            {
                max = Math.Max(max, largest[lane]);
            }
        }

        for (; i < values.Length; i++)
        {
            max = Math.Max(max, values[i]);
        }

        return max;
    }

    /// <summary>The first index of the largest value.</summary>
    internal static int ArgMax(ReadOnlySpan<float> values) => values.IndexOf(Max(values));

    /// <summary>Σ exp((x − max) · scale): the softmax's denominator.</summary>
    internal static double SumExp(ReadOnlySpan<float> values, float max, float scale)
    {
        var i = 0;
        var sum = 0.0;
        var maxima = new Vector<float>(max);

        // Partial sums of 4096 elements keep the error of float addition far below what sampling can notice.
        while (i <= values.Length - Vector<float>.Count)
        {
            var part = Vector<float>.Zero;
            var end = Math.Min(values.Length - Vector<float>.Count, i + 4096);
            for (; i <= end; i += Vector<float>.Count)
            {
                part += Vector.Exp((At(values, i) - maxima) * scale);
            }

            sum += Vector.Sum(part);
        }

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
