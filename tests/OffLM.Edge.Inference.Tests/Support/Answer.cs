using System.Text;

namespace OffLM.Edge.Inference.Tests.Support;

/// <summary>A whole completion as its caller got it.</summary>
internal sealed record Answer(string Text, int Tokens, IReadOnlyList<GenerationPiece> Pieces, GenerationResult Result)
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    /// <summary>Reads a generation to its end, taking delivery of everything.</summary>
    public static async Task<Answer> ReadAsync(Generation generation)
    {
        using var deadline = new CancellationTokenSource(Deadline);
        var text = new StringBuilder();
        List<GenerationPiece> pieces = [];
        await foreach (var piece in generation.ReadAsync(deadline.Token))
        {
            pieces.Add(piece);
            text.Append(piece.Text);
            generation.Delivered(piece.Tokens);
        }

        var result = await generation.Completion.WaitAsync(deadline.Token);
        return new Answer(text.ToString(), pieces.Sum(p => p.Tokens), pieces, result);
    }

    /// <summary>Starts a request and reads it to its end.</summary>
    public static Task<Answer> OfAsync(GenerationScheduler scheduler, GenerationRequest request) =>
        ReadAsync(scheduler.Reserve().Start(request));
}
