namespace OffLM.Edge.Signing.Cards;

/// <summary>A smart card can't do what was asked. The message says why and what to do; what the card did is known.</summary>
public class CardException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>
/// The card went away, or stopped making sense, while it was used. Whether it carried out the last command is not known; its signature counter
/// tells once it is back.
/// </summary>
public sealed class CardGoneException(string message, Exception? inner = null) : CardException(message, inner);

/// <summary>The card answered a command with an error.</summary>
/// <param name="message">What was asked, what it answered, what to do.</param>
/// <param name="status">Its two status bytes.</param>
public sealed class CardRefusedException(string message, ushort status) : CardException(message)
{
    /// <summary>SW1 and SW2, ISO 7816-4 section 5.1.3.</summary>
    public ushort Status => status;
}
