namespace OffLM.Fleet.Messages;

/// <summary>A message is not what the contract says. Never leaves <see cref="BatchDecoder"/>.</summary>
internal sealed class MalformedMessageException(string message) : Exception(message);
