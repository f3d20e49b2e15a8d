namespace OffLM.Edge.Signing;

/// <summary>Names a key: <c>card:</c> (the first OpenPGP card), <c>card:SERIAL</c>, or <c>file:PATH</c>.</summary>
/// <param name="Class">What holds the key.</param>
/// <param name="Location">The path, or the card's serial number (empty for the first found).</param>
public sealed record KeyUri(KeyClass Class, string Location)
{
    /// <exception cref="FormatException">Neither of the known forms.</exception>
    public static KeyUri Parse(string text)
    {
        if (text.StartsWith("file:", StringComparison.Ordinal) && text.Length > 5)
        {
            return new KeyUri(KeyClass.KeyFile, text[5..]);
        }

        if (text.StartsWith("card:", StringComparison.Ordinal))
        {
            return new KeyUri(KeyClass.SmartCard, text[5..]);
        }

        throw new FormatException($"'{text}' names no key. Write file:PATH for an encrypted key file, or card: for a USB smart card.");
    }

    public override string ToString() => (Class == KeyClass.KeyFile ? "file:" : "card:") + Location;
}
