using System.Buffers.Binary;
using OffLM.ModelForge.Onnx;

namespace OffLM.ModelForge.Weights;

/// <summary>
/// 4-bit weights, trained ones or random ones, in the layout of MatMulNBits: blocks of 32 or more along the input axis, two weights a byte,
/// one float scale a block, zero point 8.
/// </summary>
internal static class BlockQuantisation
{
    /// <summary>Bits of a weight.</summary>
    public const int Bits = 4;

    /// <summary>
    /// Standard deviation of the stored values around the zero point: −7…7 are equally likely and 0 twice so,
    /// which is 2 · (1² + … + 7²) / 16 = 17.5, squared.
    /// </summary>
    private const float StoredDeviation = 4.1833f;

    /// <summary>Adds a matrix of <paramref name="outputs"/> rows and <paramref name="inputs"/> columns to the graph.</summary>
    /// <param name="graph">Where the two tensors go.</param>
    /// <param name="recipe">Has the trained weights, or the seed of random ones.</param>
    /// <param name="name">The matrix's name.</param>
    /// <param name="inputs">Columns; a multiple of the block.</param>
    /// <param name="outputs">Rows.</param>
    /// <param name="deviation">Standard deviation of a row's random weights once they are multiplied out.</param>
    public static QuantisedMatrix Add(OnnxGraph graph, ModelRecipe recipe, string name, int inputs, int outputs, Func<int, float> deviation)
    {
        var blocks = inputs / recipe.Block;
        var fills = Fills(recipe, name, inputs, outputs, deviation);
        var weights = graph.Tensor(name + "_Q4", ElementType.UInt8, [outputs, blocks, recipe.Block * Bits / 8], fills.Weights);
        var scales = graph.Tensor(name + "_scales", ElementType.Float, [outputs, blocks], fills.Scales);
        return new QuantisedMatrix(weights, scales, inputs, outputs);
    }

    /// <summary>The same matrix's contents in the same layout, to be stored in another.</summary>
    public static (TensorFill Weights, TensorFill Scales) Fills(ModelRecipe recipe, string name, int inputs, int outputs, Func<int, float> deviation) =>
        recipe.Trained?.Weights.Matrix(name, inputs, outputs, recipe.Block) ?? Random(recipe, name, inputs, deviation);

    private static (TensorFill Weights, TensorFill Scales) Random(ModelRecipe recipe, string name, int inputs, Func<int, float> deviation) => (
        Weights(new RandomStream(recipe.Seed, name + "_Q4")),
        TensorFills.Floats(Scales(new RandomStream(recipe.Seed, name + "_scales"), inputs / recipe.Block, deviation)));

    private static TensorFill Weights(RandomStream random) => piece =>
    {
        // A block is at least 16 bytes, so every piece is a multiple of 8 long.
        for (; piece.Length > 0; piece = piece[sizeof(ulong)..])
        {
            BinaryPrimitives.WriteUInt64LittleEndian(piece, WithoutZeroNibbles(random.Next()));
        }
    };

    /// <summary>Scales that differ from block to block: a kernel that takes the wrong one does not go unnoticed.</summary>
    private static Func<float> Scales(RandomStream random, int blocks, Func<int, float> deviation)
    {
        long index = 0;
        return () => deviation((int)(index++ / blocks)) / StoredDeviation * random.Uniform(0.8f, 1.2f);
    }

    /// <summary>Turns nibbles of 0 (that is −8) into 8 (that is 0): the distribution becomes symmetric.</summary>
    private static ulong WithoutZeroNibbles(ulong bits)
    {
        var any = bits | (bits >> 1);
        any |= any >> 2;
        var zero = ~any & 0x1111_1111_1111_1111;
        return bits | (zero << 3);
    }
}
