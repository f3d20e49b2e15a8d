namespace OffLM.Edge.Inference;

/// <summary>Chooses one generation's tokens. In this order: bias, penalties, top-k, temperature, top-p, min-p, draw.</summary>
/// <remarks>Top-p counts the probability among the top-k; min-p compares with the most likely token at the same temperature.
/// Allocates nothing per token once its arrays have grown to what the model's logits need.</remarks>
internal sealed class Sampler
{
    /// <summary>What scores are multiplied with near temperature 0: it tells any two apart, and times their difference is still a number.</summary>
    private const float MostScale = 1e30f;

    private readonly SamplingOptions _options;
    private readonly float _scale;
    private readonly TokenHistory _history;
    private readonly Xoshiro256 _random;
    private readonly CandidateSet _candidates = new();
    private readonly LogitBlocks _blocks = new();
    private readonly BlockDraw _draw = new();
    private double[] _weights = [];

    internal Sampler(SamplingOptions options, ReadOnlySpan<int> prompt, int maxNewTokens)
    {
        _options = options;
        _scale = Math.Min(1 / (float)options.Temperature, MostScale);
        _history = new TokenHistory(options, prompt, maxNewTokens);
        _random = new Xoshiro256(options.Seed);
    }

    /// <summary>Takes note of a token that was chosen.</summary>
    internal void Accept(int token) => _history.Add(token);

    /// <summary>Chooses a token. Changes the logits.</summary>
    /// <param name="logits">All.</param>
    /// <param name="maxima">The largest of each of <see cref="LogitBlocks"/>; empty if they aren't known.</param>
    internal int Sample(Span<float> logits, ReadOnlySpan<float> maxima = default)
    {
        var max = Adjust(logits, maxima);
        if (_options.Temperature <= 0)
        {
            return _blocks.IndexOf(logits, max);
        }

        if (_options is { TopK: 0, TopP: >= 1, MinP: <= 0 })
        {
            return _draw.Draw(logits, _blocks.Maxima, max, _scale, _random);
        }

        var sum = Filter(logits, max);
        var target = _random.NextDouble() * sum;
        for (var i = 0; i < _candidates.Count; i++)
        {
            target -= _weights[i];
            if (target < 0)
            {
                return _candidates.Token(i);
            }
        }

        return _candidates.Token(_candidates.Count - 1);
    }

    /// <summary>Changes the logits so that the highest of those that a grammar allows is a fair draw among the allowed (the Gumbel-max
    /// trick): whoever knows the grammar then only takes the highest. Filtered tokens stay below all others, but in order, for when
    /// the grammar allows none of the likely ones.</summary>
    internal void Perturb(Span<float> logits)
    {
        var max = Adjust(logits, []);
        if (_options.Temperature <= 0)
        {
            return;
        }

        const float FarBelow = 1e5f;
        if (_options is { TopK: 0, TopP: >= 1, MinP: <= 0 })
        {
            foreach (ref var logit in logits)
            {
                logit = (logit * _scale) + (float)_random.NextGumbel();
            }

            return;
        }

        Filter(logits, max);
        var highest = _candidates.Logit(0);
        foreach (ref var logit in logits)
        {
            logit = ((logit - highest) * _scale) - FarBelow;
        }

        for (var i = 0; i < _candidates.Count; i++)
        {
            logits[_candidates.Token(i)] = ((_candidates.Logit(i) - highest) * _scale) + (float)_random.NextGumbel();
        }
    }

    /// <summary>Applies bias and penalties.</summary>
    /// <returns>The highest logit then.</returns>
    private float Adjust(Span<float> logits, ReadOnlySpan<float> maxima)
    {
        if (_options.LogitBias is { } bias)
        {
            foreach (var (token, value) in bias)
            {
                logits[token] += (float)value;
            }
        }

        if (_history.IsCounted)
        {
            _history.Penalise(logits);
        }

        // A score that is no number stays none, whatever is added to it.
        var changed = (_options.LogitBias?.Count ?? 0) + _history.Penalised.Count;
        return (float)Number(maxima.IsEmpty || changed > maxima.Length / 2 ? _blocks.Read(logits) : Renew(logits, maxima));
    }

    /// <summary>Looks only into blocks in which something was changed.</summary>
    private float Renew(ReadOnlySpan<float> logits, ReadOnlySpan<float> maxima)
    {
        _blocks.Take(maxima);
        foreach (var token in _options.LogitBias?.Keys ?? [])
        {
            _blocks.Renew(logits, token);
        }

        foreach (var token in _history.Penalised)
        {
            _blocks.Renew(logits, token);
        }

        return LogitMath.Max(_blocks.Maxima);
    }

    /// <summary>What is a finite number.</summary>
    /// <exception cref="InferenceException">It is none.</exception>
    internal static double Number(double value) => double.IsFinite(value)
        ? value
        : throw new InferenceException("The model's scores are not finite numbers: its weights are damaged or overflow on this device.");

    /// <summary>Leaves the tokens that stay in play in the candidates and their weights beside them.</summary>
    /// <returns>The sum of the weights.</returns>
    private double Filter(ReadOnlySpan<float> logits, float max)
    {
        if (_options.TopK > 0)
        {
            _candidates.TakeLargest(logits, _blocks.Maxima, _options.TopK);
            return KeepLikely(Weigh());
        }

        var minP = _options.MinP > 0 ? max + (float)(Math.Log(_options.MinP) / _scale) : float.NegativeInfinity;
        if (_options.TopP >= 1)
        {
            _candidates.TakeFrom(logits, _blocks.Maxima, minP);
            return Weigh();
        }

        // Sorting a whole vocabulary costs milliseconds; the tokens within e^-8 of the best nearly always hold top-p's mass. Further away than what has
        // any weight, nothing is looked for: a score that is no number, or minus infinity, is never there.
        var total = Number(LogitMath.SumExp(logits, max, _scale));
        for (var range = 8f; ; range *= 4)
        {
            _candidates.TakeFrom(logits, _blocks.Maxima, max - (range / _scale));
            if (Weigh() >= _options.TopP * total || _candidates.Count == logits.Length || range > -LogitMath.LowestExponent)
            {
                return KeepLikely(total);
            }
        }
    }

    /// <summary>Computes each candidate's weight relative to the first.</summary>
    private double Weigh()
    {
        ReserveWeights(_candidates.Count);
        var highest = _candidates.Logit(0);
        var sum = 0.0;
        for (var i = 0; i < _candidates.Count; i++)
        {
            _weights[i] = Math.Exp((_candidates.Logit(i) - highest) * _scale);
            sum += _weights[i];
        }

        return sum;
    }

    /// <summary>Applies top-p (of <paramref name="total"/>) and min-p to the sorted candidates.</summary>
    private double KeepLikely(double total)
    {
        var sum = 0.0;
        var count = 0;
        var minimum = _options.MinP > 0 ? _candidates.Logit(0) + (float)(Math.Log(_options.MinP) / _scale) : float.NegativeInfinity;
        while (count < _candidates.Count && (count == 0 || (sum < _options.TopP * total && _candidates.Logit(count) >= minimum)))
        {
            sum += _weights[count++];
        }

        _candidates.Truncate(count);
        return sum;
    }

    private void ReserveWeights(int count)
    {
        if (_weights.Length < count)
        {
            Array.Resize(ref _weights, Math.Max(count, _weights.Length * 2));
        }
    }
}
