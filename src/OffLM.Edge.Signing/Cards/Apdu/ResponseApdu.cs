namespace OffLM.Edge.Signing.Cards.Apdu;

/// <summary>A card's answer, ISO 7816-4 section 5.1.</summary>
/// <param name="Data">Its data; may be empty.</param>
/// <param name="Status">Its two status bytes.</param>
internal readonly record struct ResponseApdu(byte[] Data, ushort Status)
{
    public bool IsOk => Status == StatusWord.Ok;

    /// <exception cref="CardGoneException">Shorter than the two status bytes: the card and we are out of step.</exception>
    public static ResponseApdu Parse(byte[] bytes) => bytes.Length >= 2
        ? new(bytes[..^2], (ushort)(bytes[^2] << 8 | bytes[^1]))
        : throw new CardGoneException($"The card answered with {bytes.Length} bytes; an answer has at least two. Unplug it and plug it in again.");
}
