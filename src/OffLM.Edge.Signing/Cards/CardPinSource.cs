namespace OffLM.Edge.Signing.Cards;

/// <summary>Gives the card's user PIN when it is needed; null if there is none. The receiver disposes of it at once after use.</summary>
/// <exception cref="KeyUnavailableException">There is one, but it can't be read.</exception>
public delegate SecretText? CardPinSource();
