namespace OffLM.Edge.Lan.Serving;

/// <summary>A piece of an answer as a client sees it: text, or a whole call.</summary>
internal readonly record struct AnswerPart(string? Text, ToolCall? Call);
