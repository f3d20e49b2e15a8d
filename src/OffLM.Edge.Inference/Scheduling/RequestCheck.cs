using System.Globalization;

namespace OffLM.Edge.Inference;

/// <summary>Refuses requests that the engine can't serve, in words that the caller's client can be told.</summary>
internal static class RequestCheck
{
    /// <exception cref="ArgumentException">The first thing that is out of range.</exception>
    internal static void ThrowIfInvalid(GenerationRequest request, IEngine engine)
    {
        Require(request.Prompt.Length > 0, "The prompt has no tokens; at least one is needed.");
        Require(
            request.Prompt.Length < engine.ContextLength,
            $"The prompt has {request.Prompt.Length} tokens; this model takes at most {engine.ContextLength - 1}, to leave room for an answer.");
        foreach (var token in request.Prompt)
        {
            Require(IsToken(token, engine), $"Token {token} of the prompt is not in the model's vocabulary (0 to {engine.VocabularySize - 1}).");
        }

        Require(request.MaxNewTokens >= 1, $"The limit of new tokens is {request.MaxNewTokens}; it must be at least 1.");
        foreach (var stop in request.Stop)
        {
            Require(stop.Length > 0 && !char.IsLowSurrogate(stop[0]), "A stop sequence is empty or begins in the middle of a character.");
        }

        Check(request.Sampling, engine);
    }

    private static void Check(SamplingOptions options, IEngine engine)
    {
        RequireRange("temperature", options.Temperature, 0, 2);
        RequireRange("top_p", options.TopP, 0, 1);
        RequireRange("min_p", options.MinP, 0, 1);
        RequireRange("repetition penalty", options.RepetitionPenalty, 0.01, 100);
        RequireRange("frequency penalty", options.FrequencyPenalty, -2, 2);
        RequireRange("presence penalty", options.PresencePenalty, -2, 2);
        RequireRange("number of log probabilities", options.TopLogprobs ?? 0, 0, 20);
        Require(options.TopK >= 0, $"top_k is {options.TopK}; it must be 0 (all tokens) or more.");
        Require(options.RepetitionWindow >= -1, $"The repetition window is {options.RepetitionWindow}; it must be −1 (everything) or more.");
        foreach (var (token, bias) in options.LogitBias ?? new Dictionary<int, double>())
        {
            Require(IsToken(token, engine), $"Token {token} of the logit bias is not in the model's vocabulary (0 to {engine.VocabularySize - 1}).");
            RequireRange("logit bias", bias, -100, 100);
        }
    }

    private static bool IsToken(int token, IEngine engine) => (uint)token < (uint)engine.VocabularySize;

    private static void RequireRange(string name, double value, double least, double most) => Require(
        value >= least && value <= most,
        string.Create(CultureInfo.InvariantCulture, $"The {name} is {value}; it must be between {least} and {most}."));

    private static void Require(bool condition, string message)
    {
        if (!condition)
        {
            throw new ArgumentException(message);
        }
    }
}
