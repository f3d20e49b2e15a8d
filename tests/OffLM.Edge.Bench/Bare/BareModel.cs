using System.Diagnostics;
using OffLM.Edge.Tests.Shared.GenAi;

namespace OffLM.Edge.Bench.Bare;

/// <summary>A model in GenAI with nothing around it. Lives as long as the process.</summary>
/// <param name="libraries">The folder with ONNX Runtime and GenAI: the published node's.</param>
/// <param name="folder">The model.</param>
internal sealed class BareModel(string libraries, string folder)
{
    private readonly GenAiModel _model = new(libraries, folder);

    public int[] Encode(string text) => _model.Encode(text);

    /// <summary>Greedy tokens after a prompt, up to the end token or so many.</summary>
    /// <param name="prompt">What to continue.</param>
    /// <param name="most">Tokens.</param>
    /// <param name="piece">Prompt tokens to append at a time.</param>
    public BareRun Generate(ReadOnlySpan<int> prompt, int most, int piece)
    {
        var begun = Stopwatch.GetTimestamp();
        var (toFirst, toLast) = (TimeSpan.Zero, TimeSpan.Zero);
        var tokens = _model.Generate(prompt, most, piece, () =>
        {
            toLast = Stopwatch.GetElapsedTime(begun);
            toFirst = toFirst == TimeSpan.Zero ? toLast : toFirst;
        });

        // A token may be text by itself, or the beginning of a character that the next one ends.
        return new BareRun(tokens.Length, toFirst, toLast, tokens.Length > 0 && _model.TextOf(tokens[0]).Length > 0);
    }
}
