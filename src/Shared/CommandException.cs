namespace OffLM.Edge;

/// <summary>A command didn't do what it was asked; the message is for the user. Exit status 1. One file, compiled into each program.</summary>
internal sealed class CommandException(string message, Exception? inner = null) : Exception(message, inner);
