namespace OffLM.Edge.Inference;

/// <summary>How the next token is chosen from the logits. The names and ranges are those of the OpenAI and Ollama APIs.</summary>
public sealed record SamplingOptions
{
    /// <summary>0 takes the most likely token (greedy); higher values flatten the distribution. 0 to 2.</summary>
    public double Temperature { get; init; } = 0.8;

    /// <summary>Only the k most likely tokens stay in play; 0 keeps all.</summary>
    public int TopK { get; init; } = 40;

    /// <summary>The smallest set of tokens whose probabilities sum to this stays in play; 1 keeps all.</summary>
    public double TopP { get; init; } = 0.9;

    /// <summary>Tokens less likely than this share of the most likely token's probability are dropped; 0 keeps all.</summary>
    public double MinP { get; init; }

    /// <summary>Divides (or, when negative, multiplies) the logits of tokens seen in the window; 1 changes nothing.</summary>
    public double RepetitionPenalty { get; init; } = 1.0;

    /// <summary>How many of the last tokens the three penalties look at; −1 means the whole context, 0 switches them off.</summary>
    public int RepetitionWindow { get; init; } = 64;

    /// <summary>Subtracted from a logit once per earlier occurrence in the completion. −2 to 2.</summary>
    public double FrequencyPenalty { get; init; }

    /// <summary>Subtracted from a logit once if the token occurred in the completion. −2 to 2.</summary>
    public double PresencePenalty { get; init; }

    /// <summary>Added to the logits of these token ids before anything else. −100 to 100.</summary>
    public IReadOnlyDictionary<int, double>? LogitBias { get; init; }

    /// <summary>The generator's seed. The same seed, prompt, options, model and machine give the same tokens.</summary>
    public required ulong Seed { get; init; }

    /// <summary>How many alternatives to report per token; null reports no probabilities at all. 0 to 20.</summary>
    public int? TopLogprobs { get; init; }
}
