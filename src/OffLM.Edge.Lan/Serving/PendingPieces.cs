using OffLM.Edge.Inference;
using OffLM.Edge.Work.Requests;

namespace OffLM.Edge.Lan.Serving;

/// <summary>Pieces whose text is not all sent yet.</summary>
internal sealed class PendingPieces(IAnswer answer)
{
    private readonly List<GenerationPiece> _pieces = [];
    private readonly List<TokenLogprob> _logprobs = [];

    public void Add(in GenerationPiece piece)
    {
        _pieces.Add(piece);
        _logprobs.AddRange(piece.Logprobs ?? []);
    }

    /// <summary>The tokens since the last call of this.</summary>
    public IReadOnlyList<TokenLogprob> TakeLogprobs()
    {
        if (_logprobs.Count == 0)
        {
            return [];
        }

        TokenLogprob[] taken = [.. _logprobs];
        _logprobs.Clear();
        return taken;
    }

    /// <summary>Says that a flush completed after which nothing is held back.</summary>
    public void Deliver()
    {
        foreach (var piece in _pieces)
        {
            answer.Delivered(piece);
        }

        _pieces.Clear();
    }
}
