namespace OffLM.Edge.Inference;

/// <summary>Log probabilities of a step: of the model itself, before bias, penalties, temperature and filters.</summary>
internal sealed class LogprobRecorder(IEngine engine, int alternatives)
{
    private readonly CandidateSet _largest = new();
    private readonly float[] _logits = new float[engine.VocabularySize];
    private double _logSum;

    /// <summary>Remembers the logits before the sampler changes them.</summary>
    internal void Observe(ReadOnlySpan<float> logits)
    {
        logits.CopyTo(_logits);
        var max = LogitMath.Max(logits);
        _logSum = max + Math.Log(LogitMath.SumExp(logits, max, 1));
        if (alternatives > 0)
        {
            _largest.TakeLargest(logits, alternatives);
        }
    }

    /// <summary>The entry for the token that was chosen.</summary>
    internal TokenLogprob Report(int token)
    {
        var top = new TokenLogprob[alternatives == 0 ? 0 : _largest.Count];
        for (var i = 0; i < top.Length; i++)
        {
            top[i] = Entry(_largest.Token(i), []);
        }

        return Entry(token, top);
    }

    private TokenLogprob Entry(int token, IReadOnlyList<TokenLogprob> top)
    {
        var text = engine.Decode([token]);
        return new TokenLogprob(text, System.Text.Encoding.UTF8.GetBytes(text), _logits[token] - _logSum, top);
    }
}
