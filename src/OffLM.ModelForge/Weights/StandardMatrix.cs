using System.Runtime.InteropServices;
using OffLM.ModelForge.Onnx;

namespace OffLM.ModelForge.Weights;

/// <summary>
/// The matrices of <see cref="BlockQuantisation"/> as ONNX's own DequantizeLinear takes them: an input a row, signed, without zero points.
/// Held in memory whole while they are turned.
/// </summary>
internal static class StandardMatrix
{
    private const int Positive = 8;

    /// <summary>Adds a matrix that inputs are multiplied with.</summary>
    /// <param name="graph">Where the tensors go.</param>
    /// <param name="name">The matrix's name.</param>
    /// <param name="inputs">Its rows.</param>
    /// <param name="outputs">Its columns.</param>
    /// <param name="blockSize">Inputs that share a scale.</param>
    /// <param name="fills">Its contents as <see cref="BlockQuantisation.Fills"/> gives them.</param>
    /// <param name="asTable">Adds it a second time, an output a row in whole bytes, to look rows up in.</param>
    public static QuantisedMatrix Add(OnnxGraph graph, string name, int inputs, int outputs, int blockSize, (TensorFill Weights, TensorFill Scales) fills, bool asTable)
    {
        var packed = new byte[checked((int)((long)inputs * outputs / 2))];
        fills.Weights(packed);
        var blocks = inputs / blockSize;
        var scales = new float[outputs * blocks];
        fills.Scales(MemoryMarshal.AsBytes(scales.AsSpan()));

        long weight = 0, scale = 0, cell = 0;
        var matrix = new QuantisedMatrix(
            graph.Tensor(name + "_int4", ElementType.Int4, [inputs, outputs], piece =>
            {
                for (var i = 0; i < piece.Length; i++)
                {
                    // Two a byte; inputs are an even number.
                    piece[i] = (byte)(Turned(weight++) | (Turned(weight++) << BlockQuantisation.Bits));
                }
            }),
            graph.Tensor(name + "_block_scales", ElementType.Float, [blocks, outputs], TensorFills.Floats(() =>
            {
                var (block, output) = Math.DivRem(scale++, outputs);
                return scales[(output * blocks) + block];
            })),
            inputs,
            outputs);
        if (asTable)
        {
            graph.Tensor(name + "_rows", ElementType.Int8, [outputs, inputs], piece =>
            {
                for (var i = 0; i < piece.Length; i++)
                {
                    piece[i] = (byte)(Stored(cell++) - Positive);
                }
            });
            graph.Tensor(name + "_row_scales", ElementType.Float, [outputs, blocks], Floats(scales));
        }

        return matrix;

        int Turned(long index)
        {
            var (input, output) = Math.DivRem(index, outputs);
            return Stored((output * inputs) + input) ^ Positive;
        }

        int Stored(long index) => (packed[index / 2] >> (int)(index % 2 * BlockQuantisation.Bits)) & 0xF;
    }

    private static TensorFill Floats(float[] values)
    {
        var next = 0;
        return TensorFills.Floats(() => values[next++]);
    }
}
