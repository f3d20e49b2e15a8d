namespace OffLM.Fleet.Messages;

/// <summary>A batch message taken apart, as far as that went.</summary>
/// <param name="Header">Null if not even what was signed can be read: then nobody can be answered.</param>
/// <param name="Content">Null if it can't be read.</param>
/// <param name="Problem">What can't be read, and what was expected; null if all could.</param>
internal sealed record DecodedMessage(SignedHeader? Header, BatchContent? Content, string? Problem);
