namespace OffLM.Edge.Inference;

/// <summary>What a decode loop has done since it began.</summary>
/// <param name="Steps">Decode steps, one token each.</param>
/// <param name="PromptTokens">Prompt tokens computed (reused ones not counted).</param>
/// <param name="Tokens">Tokens chosen, end tokens included.</param>
/// <param name="InEngine">Time inside the engine.</param>
/// <param name="InService">Time between two steps while there was work: sampling, text, delivery, hooks. Pacing is not counted.</param>
/// <param name="Active">Generations that are being computed.</param>
/// <param name="Waiting">Places taken by generations that have not started, and by unused tickets.</param>
/// <param name="IdleSlots">Ended conversations whose cache is kept.</param>
public sealed record SchedulerStatistics(
    long Steps, long PromptTokens, long Tokens, TimeSpan InEngine, TimeSpan InService, int Active, int Waiting, int IdleSlots);
