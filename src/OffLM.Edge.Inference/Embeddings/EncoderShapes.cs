namespace OffLM.Edge.Inference;

/// <summary>The shapes of an encoder's inputs: all of them are sequences by tokens.</summary>
/// <param name="context">Tokens of a sequence at most.</param>
internal sealed class EncoderShapes(int context) : IInputShapes
{
    /// <summary>Attention compares each token of a sequence with each: so many pairs in all, at two bytes for each of a usual model's twelve heads, are
    /// 100 MB of the device's memory. Fewer make more batches of short texts.</summary>
    private const int MostPairs = 1 << 22;

    /// <summary>More don't fill a device any better.</summary>
    private const int MostRows = 64;

    /// <summary>A paragraph, as what is looked for usually is.</summary>
    private const int UsualTokens = 128;

    /// <summary>Sequences of a batch at most.</summary>
    internal int Rows { get; } = (int)Math.Clamp(MostPairs / ((long)context * context), 1, MostRows);

    public string Least => Shapes(1, 1);

    public string Usual => Shapes(Rows, Math.Min(UsualTokens, context));

    public string Most => Shapes(Rows, context);

    /// <summary>Of all inputs that an encoder may have; those that this one lacks are not looked for.</summary>
    private static string Shapes(int rows, int tokens) => string.Join(',', EncoderInputs.Names.Select(name => ProviderSettings.Shape(name, rows, tokens)));
}
