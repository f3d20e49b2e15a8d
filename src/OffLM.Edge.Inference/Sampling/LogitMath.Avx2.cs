using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace OffLM.Edge.Inference;

/// <summary>The same passes eight values at a time: a program that is compiled ahead of time for any x86-64 has vectors of four, and looks at run time
/// what the processor can.</summary>
internal static unsafe partial class LogitMath
{
    private static bool IsWiderThanVectors => Vector<float>.Count < Vector256<float>.Count && Avx2.IsSupported;

    internal static float MaxAvx2(ReadOnlySpan<float> values)
    {
        const int Width = 8;
        var max = float.NegativeInfinity;
        var i = 0;
        if (values.Length >= 4 * Width)
        {
            fixed (float* first = values)
            {
                var a = All(float.NegativeInfinity);
                var (b, c, d) = (a, a, a);
                var nan = Avx.Xor(a, a);
                for (; i <= values.Length - (4 * Width); i += 4 * Width)
                {
                    var v = Avx.LoadVector256(first + i);
                    var w = Avx.LoadVector256(first + i + Width);
                    var x = Avx.LoadVector256(first + i + (2 * Width));
                    var y = Avx.LoadVector256(first + i + (3 * Width));
                    a = Avx.Max(a, v);
                    b = Avx.Max(b, w);
                    c = Avx.Max(c, x);
                    d = Avx.Max(d, y);

                    // Unordered: one of the two is no number.
                    nan = Avx.Or(nan, Avx.Or(Avx.CompareUnordered(v, w), Avx.CompareUnordered(x, y)));
                }

                if (Avx.MoveMask(nan) != 0)
                {
                    return float.NaN;
                }

                a = Avx.Max(Avx.Max(a, b), Avx.Max(c, d));
                var lanes = stackalloc float[Width];
                Avx.Store(lanes, a);
                for (var lane = 0; lane < Width; lane++)
                {
                    max = Math.Max(max, lanes[lane]);
                }
            }
        }

        for (; i < values.Length; i++)
        {
            max = Math.Max(max, values[i]);
        }

        return max;
    }

    /// <summary>At most <see cref="BlockSize"/> values.</summary>
    internal static float BlockSumExpAvx2(ReadOnlySpan<float> values, float max, float scale)
    {
        const int Width = 8;
        var (maxima, scales) = (All(max), All(scale * Log2E));
        var (rounder, lowest) = (All(Rounder), All(LowestPower));
        var (p1, p2, p3, p4, one) = (All(P1), All(P2), All(P3), All(P4), All(1));
        var lanes = stackalloc float[Width];
        var sums = Avx.Xor(maxima, maxima);
        var i = 0;
        fixed (float* first = values)
        {
            // See PowerOfTwo.
            for (; i <= values.Length - Width; i += Width)
            {
                var x = Avx.Max(Avx.Multiply(Avx.Subtract(Avx.LoadVector256(first + i), maxima), scales), lowest);
                var shifted = Avx.Add(x, rounder);
                var f = Avx.Subtract(x, Avx.Subtract(shifted, rounder));
                var p = Avx.Add(Avx.Multiply(p4, f), p3);
                p = Avx.Add(Avx.Multiply(p, f), p2);
                p = Avx.Add(Avx.Multiply(p, f), p1);
                p = Avx.Add(Avx.Multiply(p, f), one);
                sums = Avx.Add(sums, Avx2.Add(p.AsInt32(), Avx2.ShiftLeftLogical(shifted.AsInt32(), 23)).AsSingle());
            }
        }

        Avx.Store(lanes, sums);
        var sum = 0f;
        for (var lane = 0; lane < Width; lane++)
        {
            sum += lanes[lane];
        }

        for (; i < values.Length; i++)
        {
            sum += Exp((values[i] - max) * scale);
        }

        return sum;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> All(float value) => Avx.BroadcastScalarToVector256(&value);
}
