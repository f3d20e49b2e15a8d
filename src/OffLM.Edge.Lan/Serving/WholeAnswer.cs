using OffLM.Edge.Inference;
using OffLM.Edge.Work.Requests;

namespace OffLM.Edge.Lan.Serving;

/// <summary>An answer that is sent at once.</summary>
/// <param name="Text">Its text without the calls.</param>
/// <param name="Calls">The calls in it.</param>
/// <param name="Logprobs">One entry a token, if they were asked for.</param>
/// <param name="Completed">Its receipt.</param>
internal sealed record WholeAnswer(string Text, IReadOnlyList<ToolCall> Calls, IReadOnlyList<TokenLogprob> Logprobs, CompletedAnswer Completed);
