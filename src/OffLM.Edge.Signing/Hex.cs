namespace OffLM.Edge.Signing;

/// <summary>Hexadecimal with the 0x prefix that Ethereum's tools use.</summary>
public static class Hex
{
    /// <summary>0x and lower-case digits.</summary>
    public static string Encode(ReadOnlySpan<byte> bytes) => "0x" + Convert.ToHexStringLower(bytes);

    /// <summary>Fills <paramref name="destination"/> exactly; false for a missing prefix, another length or other characters.</summary>
    public static bool TryDecode(ReadOnlySpan<char> text, Span<byte> destination) =>
        text.Length == 2 + (2 * destination.Length)
        && text[0] == '0'
        && text[1] is 'x' or 'X'
        && Convert.FromHexString(text[2..], destination, out _, out _) == System.Buffers.OperationStatus.Done;

    /// <exception cref="FormatException">No prefix, an odd number of digits, or other characters.</exception>
    public static byte[] Decode(ReadOnlySpan<char> text)
    {
        var bytes = new byte[Math.Max(0, (text.Length - 2) / 2)];
        return TryDecode(text, bytes) ? bytes : throw new FormatException("Expected 0x and an even number of hexadecimal digits.");
    }
}
