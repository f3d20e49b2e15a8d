namespace OffLM.ModelForge.Tokenizer;

/// <summary>
/// The alphabet of byte-level BPE (GPT-2's): each byte is written as one printable character, so that a vocabulary
/// over these 256 covers every text.
/// </summary>
internal static class ByteAlphabet
{
    /// <summary>The character for each byte, printable ones first: the order of their token ids.</summary>
    public static IReadOnlyList<char> InTokenOrder { get; } = [.. Printable(), .. Substitutes()];

    /// <summary>How a space is written.</summary>
    public static char Space { get; } = (char)(256 + ' ');

    private static IEnumerable<char> Printable() =>
        Enumerable.Range(0, 256).Where(IsPrintable).Select(value => (char)value);

    /// <summary>The bytes that have no printable Latin-1 character take the code points from 256 on, in order.</summary>
    private static IEnumerable<char> Substitutes() =>
        Enumerable.Range(0, 256).Where(value => !IsPrintable(value)).Select((_, index) => (char)(256 + index));

    private static bool IsPrintable(int value) => value is (>= '!' and <= '~') or (>= 0xA1 and <= 0xAC) or (>= 0xAE and <= 0xFF);
}
