namespace OffLM.Edge.Inference;

/// <summary>How a model is measured.</summary>
/// <param name="PromptTokens">Tokens of each prompt; fewer if the context has no room.</param>
/// <param name="NewTokens">Tokens that each answer gets.</param>
/// <param name="Pace">The share of time to compute in; pauses are not part of what is measured.</param>
/// <param name="Energy">Begins to count energy, and gives what says how many joules it were since then; null where nothing measures.</param>
public sealed record BenchOptions(int PromptTokens, int NewTokens, Func<double>? Pace = null, Func<Func<double>>? Energy = null);

/// <summary>One measurement with so many answers at a time.</summary>
/// <param name="Batch">Answers.</param>
/// <param name="Prefill">Prompt tokens a second, all prompts together.</param>
/// <param name="Decode">New tokens a second, all answers together.</param>
/// <param name="FirstToken">From a prompt to its first token, alone.</param>
/// <param name="PrefillJoules">Above the idle draw, for each prompt token; null where nothing measures.</param>
/// <param name="DecodeJoules">The same for each new token.</param>
public sealed record BenchRound(int Batch, double Prefill, double Decode, TimeSpan FirstToken, double? PrefillJoules, double? DecodeJoules);
