using OffLM.ModelForge.Onnx;

namespace OffLM.ModelForge.Decoder;

/// <summary>Cosines and sines of rotary position embedding: a row a position, half a head wide.</summary>
internal static class RotaryTables
{
    /// <summary>Qwen2.5's base; long wavelengths suit long contexts.</summary>
    public const double Theta = 1_000_000;

    /// <summary>Adds both tables and returns their names.</summary>
    public static (string Cosines, string Sines) Add(OnnxGraph graph, int context, int headSize)
    {
        // Frequencies are rounded to float before use, as in the reference implementations. It also makes the
        // tables equal where the mathematics libraries of two machines differ in a double's last bit.
        var frequencies = new float[headSize / 2];
        for (var i = 0; i < frequencies.Length; i++)
        {
            frequencies[i] = (float)Math.Pow(Theta, -2.0 * i / headSize);
        }

        long[] shape = [context, frequencies.Length];
        return (
            graph.Tensor("cos_cache", ElementType.Float, shape, TensorFills.Floats(Table(frequencies, Math.Cos))),
            graph.Tensor("sin_cache", ElementType.Float, shape, TensorFills.Floats(Table(frequencies, Math.Sin))));
    }

    private static Func<float> Table(float[] frequencies, Func<double, double> function)
    {
        long index = 0;
        return () =>
        {
            var (position, pair) = Math.DivRem(index++, frequencies.Length);
            return (float)function(position * (double)frequencies[pair]);
        };
    }
}
