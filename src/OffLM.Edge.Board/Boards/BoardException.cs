namespace OffLM.Edge.Board.Boards;

/// <summary>A board that was asked for can't be had; the message is for the user.</summary>
public sealed class BoardException(string message, Exception? inner = null) : Exception(message, inner);
