namespace OffLM.Edge.Inference.Tests.Sampling;

/// <summary>What the sampler should do, written for reading: gives each token's probability.</summary>
internal static class ReferenceSampler
{
    public static double[] Probabilities(float[] input, SamplingOptions options, int[] prompt, List<int> completion)
    {
        var logits = input.Select(l => (double)l).ToArray();
        foreach (var (token, bias) in options.LogitBias ?? new Dictionary<int, double>())
        {
            logits[token] += bias;
        }

        Penalise(logits, options, prompt, completion);
        var order = Enumerable.Range(0, logits.Length).OrderByDescending(i => (float)logits[i]).ThenBy(i => i).ToList();
        if (options.Temperature == 0)
        {
            return [.. logits.Select((_, i) => i == order[0] ? 1.0 : 0.0)];
        }

        var kept = options.TopK > 0 ? order.Take(options.TopK).ToList() : order;
        var weights = kept.ToDictionary(i => i, i => Math.Exp((logits[i] - logits[order[0]]) / options.Temperature));
        var total = weights.Values.Sum();
        var sum = 0.0;
        var result = new double[logits.Length];
        foreach (var token in kept)
        {
            if (token != kept[0] && ((options.TopP < 1 && sum >= options.TopP * total) || weights[token] < options.MinP))
            {
                break;
            }

            result[token] = weights[token];
            sum += weights[token];
        }

        return [.. result.Select(w => w / sum)];
    }

    private static void Penalise(double[] logits, SamplingOptions options, int[] prompt, List<int> completion)
    {
        var all = prompt.Select(t => (Token: t, Generated: false)).Concat(completion.Select(t => (Token: t, Generated: true))).ToList();
        var window = options.RepetitionWindow < 0 ? all : all.TakeLast(options.RepetitionWindow).ToList();
        foreach (var seen in window.GroupBy(t => t.Token))
        {
            var logit = logits[seen.Key];
            logits[seen.Key] = logit > 0 ? logit / options.RepetitionPenalty : logit * options.RepetitionPenalty;
            var generated = seen.Count(t => t.Generated);
            logits[seen.Key] -= (options.FrequencyPenalty * generated) + (generated > 0 ? options.PresencePenalty : 0);
        }
    }
}
