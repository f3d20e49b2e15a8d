namespace OffLM.Edge.Signing.Cards;

/// <summary>
/// A way to one smart card: whole APDUs in, whole APDUs out. Used by one thread at a time; each call blocks until the card has answered or its
/// patience ends. After a <see cref="CardGoneException"/> the channel is of no more use: dispose of it and connect anew.
/// </summary>
public interface ICardChannel : IDisposable
{
    /// <summary>Where the card is, for people: the reader's name and place.</summary>
    string Description { get; }

    /// <summary>The longest command APDU that the reader passes on, in bytes.</summary>
    int MaxCommandLength { get; }

    /// <summary>True if the reader passes on APDUs with lengths beyond 255.</summary>
    bool ExtendedLength { get; }

    /// <summary>Turns the card off and on: all verified PINs are forgotten.</summary>
    /// <returns>The answer to reset, ISO 7816-3 section 8.</returns>
    /// <exception cref="CardGoneException">The card or its reader doesn't answer.</exception>
    byte[] Reset();

    /// <summary>Sends a command and waits for its response.</summary>
    /// <param name="command">A whole command APDU, ISO 7816-4 section 5.1.</param>
    /// <param name="patience">How long the card may take in all; it asks for more time meanwhile.</param>
    /// <returns>The response's data and its two status bytes.</returns>
    /// <exception cref="CardGoneException">No answer came: whether the card carried the command out is not known.</exception>
    byte[] Transmit(ReadOnlySpan<byte> command, TimeSpan patience);
}
