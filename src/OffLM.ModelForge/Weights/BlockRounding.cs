using OffLM.ModelForge.Onnx;

namespace OffLM.ModelForge.Weights;

/// <summary>Rounds trained weights to 4 bits, in the layout of <see cref="BlockQuantisation"/>.</summary>
internal static class BlockRounding
{
    private const int Zero = 8;
    private const int Largest = 15;

    /// <summary>
    /// Rounds a matrix whose rows are whole blocks. The largest weight of a block becomes −8 exactly, whatever its sign, so that all sixteen
    /// steps are used; training that rounds in the same way (tools/starter/model.py) finds here what it has learned.
    /// </summary>
    public static (TensorFill Weights, TensorFill Scales) Round(ReadOnlySpan<float> rows, int blockSize)
    {
        var packed = new byte[rows.Length * BlockQuantisation.Bits / 8];
        var scales = new float[rows.Length / blockSize];
        for (var block = 0; block < scales.Length; block++)
        {
            var weights = rows.Slice(block * blockSize, blockSize);
            scales[block] = Scale(weights);
            var bytes = packed.AsSpan(block * blockSize / 2);
            for (var i = 0; i < weights.Length; i += 2)
            {
                bytes[i / 2] = (byte)(Step(weights[i], scales[block]) | (Step(weights[i + 1], scales[block]) << BlockQuantisation.Bits));
            }
        }

        return (TensorFills.Bytes(packed), TensorFills.Floats(scales));
    }

    private static float Scale(ReadOnlySpan<float> weights)
    {
        var largest = 0f;
        foreach (var weight in weights)
        {
            largest = MathF.Abs(weight) > MathF.Abs(largest) ? weight : largest;
        }

        return largest / -Zero;
    }

    private static int Step(float weight, float scale) =>
        scale == 0 ? Zero : Math.Clamp((int)MathF.Round(weight / scale) + Zero, 0, Largest);
}
