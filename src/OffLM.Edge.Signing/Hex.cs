using System.Buffers;

namespace OffLM.Edge.Signing;

/// <summary>Hexadecimal with the 0x prefix that Ethereum's tools use.</summary>
public static class Hex
{
    private static readonly byte[] LowerDigits = Table("0123456789abcdef", "");

    private static readonly byte[] AnyDigits = Table("0123456789abcdef", "ABCDEF");

    /// <summary>0x and lower-case digits.</summary>
    public static string Encode(ReadOnlySpan<byte> bytes) => "0x" + Convert.ToHexStringLower(bytes);

    /// <summary>Fills <paramref name="destination"/> exactly; false for a missing prefix, another length or other characters.</summary>
    public static bool TryDecode(ReadOnlySpan<char> text, Span<byte> destination) =>
        text.Length == 2 + (2 * destination.Length)
        && text[0] == '0'
        && text[1] is 'x' or 'X'
        && Convert.FromHexString(text[2..], destination, out _, out _) == OperationStatus.Done;

    /// <summary>Fills <paramref name="destination"/> from UTF-8 text; false for a missing prefix, another length or other characters.</summary>
    /// <param name="text">0x and digits.</param>
    /// <param name="destination">Filled exactly.</param>
    /// <param name="letterCase">Which letters are digits.</param>
    public static bool TryDecode(ReadOnlySpan<byte> text, Span<byte> destination, HexCase letterCase)
    {
        if (text.Length != 2 + (2 * destination.Length) || text[0] != '0' || !(text[1] == 'x' || (text[1] == 'X' && letterCase == HexCase.Any)))
        {
            return false;
        }

        var values = letterCase == HexCase.Lower ? LowerDigits : AnyDigits;
        var digits = text[2..];
        var seen = 0;
        for (var i = 0; i < destination.Length; i++)
        {
            int high = values[digits[2 * i]], low = values[digits[(2 * i) + 1]];
            seen |= high | low;
            destination[i] = (byte)((high << 4) | low);
        }

        return seen <= 0xF;
    }

    /// <exception cref="FormatException">No prefix, an odd number of digits, or other characters.</exception>
    public static byte[] Decode(ReadOnlySpan<char> text)
    {
        var bytes = new byte[Math.Max(0, (text.Length - 2) / 2)];
        return TryDecode(text, bytes) ? bytes : throw new FormatException("Expected 0x and an even number of hexadecimal digits.");
    }

    /// <summary>Writes 0x and lower-case digits.</summary>
    /// <param name="bytes">To be written.</param>
    /// <param name="destination">At least 2 + 2 · the number of bytes.</param>
    /// <returns>The part of the destination that was written.</returns>
    internal static Span<char> Encode(ReadOnlySpan<byte> bytes, Span<char> destination)
    {
        "0x".CopyTo(destination);
        Convert.TryToHexStringLower(bytes, destination[2..], out var written);
        return destination[..(2 + written)];
    }

    /// <summary>The value of each byte as a digit; 0x80 where it is none.</summary>
    private static byte[] Table(string digits, string upper)
    {
        var table = new byte[256];
        table.AsSpan().Fill(0x80);
        for (var i = 0; i < digits.Length; i++)
        {
            table[digits[i]] = (byte)i;
        }

        for (var i = 0; i < upper.Length; i++)
        {
            table[upper[i]] = (byte)(10 + i);
        }

        return table;
    }
}

/// <summary>Which letters hexadecimal is read with.</summary>
public enum HexCase
{
    Any,
    Lower,
}
