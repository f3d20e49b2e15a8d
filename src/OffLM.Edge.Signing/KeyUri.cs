namespace OffLM.Edge.Signing;

/// <summary>Names a key: <c>card:</c> (the first OpenPGP card), <c>card:SERIAL</c>, <c>card:MAKER:SERIAL</c>, or <c>file:PATH</c>.</summary>
/// <param name="Class">What holds the key.</param>
/// <param name="Location">The path, or the card's serial number, its maker before it or not (empty for the first found).</param>
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
            return IsCardName(text.AsSpan(5)) ? new KeyUri(KeyClass.SmartCard, text[5..]) : throw new FormatException(
                $"'{text}' names no card. Write card: for the only one, card:SERIAL with its 8 hexadecimal digits, or card:MAKER:SERIAL; for a key file, file:PATH.");
        }

        throw new FormatException($"'{text}' names no key. Write file:PATH for an encrypted key file, or card: for a USB smart card.");
    }

    /// <summary>Nothing; a serial number of 8 hexadecimal digits; the maker's 4, a colon and the serial number; or the application id that gpg shows.</summary>
    private static bool IsCardName(ReadOnlySpan<char> name) => name.Length switch
    {
        0 => true,
        8 => IsHex(name),
        32 => IsHex(name) && name.StartsWith("D27600012401", StringComparison.OrdinalIgnoreCase),
        13 => IsHex(name[..4]) && name[4] == ':' && IsHex(name[5..]),
        _ => false,
    };

    private static bool IsHex(ReadOnlySpan<char> digits) => !digits.ContainsAnyExcept("0123456789abcdefABCDEF");

    public override string ToString() => (Class == KeyClass.KeyFile ? "file:" : "card:") + Location;
}
