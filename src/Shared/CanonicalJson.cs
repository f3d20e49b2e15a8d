using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace OffLM.Edge;

/// <summary>
/// The one byte form of a JSON value, RFC 8785: members ordered by the UTF-16 code units of their names, numbers as
/// ECMAScript writes them, no space, and only the escapes that JSON demands. What is hashed or signed is in this form.
/// One file, compiled into each project that needs it: those projects don't know each other.
/// </summary>
internal static class CanonicalJson
{
    /// <summary>The canonical form of a JSON text.</summary>
    /// <param name="utf8">JSON without comments or trailing commas.</param>
    /// <returns>UTF-8.</returns>
    /// <exception cref="JsonException">Not JSON, or not I-JSON: a name given twice, a lone surrogate, a number beyond a double.</exception>
    public static byte[] Canonicalize(ReadOnlyMemory<byte> utf8)
    {
        using var document = JsonDocument.Parse(utf8);
        return Canonicalize(document.RootElement);
    }

    /// <summary>The canonical form of a value.</summary>
    /// <returns>UTF-8.</returns>
    /// <exception cref="JsonException">Not I-JSON: a name given twice, a lone surrogate, a number beyond a double.</exception>
    public static byte[] Canonicalize(JsonElement value)
    {
        var output = new ArrayBufferWriter<byte>(512);
        Write(output, value);
        return output.WrittenSpan.ToArray();
    }

    private static void Write(ArrayBufferWriter<byte> output, JsonElement value)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                WriteObject(output, value);
                break;
            case JsonValueKind.Array:
                WriteArray(output, value);
                break;
            case JsonValueKind.String:
                WriteString(output, Text(value.GetString));
                break;
            case JsonValueKind.Number:
                WriteNumber(output, value);
                break;
            case JsonValueKind.True:
                output.Write("true"u8);
                break;
            case JsonValueKind.False:
                output.Write("false"u8);
                break;
            case JsonValueKind.Null:
                output.Write("null"u8);
                break;
            default:
                throw new JsonException($"A value of kind {value.ValueKind} has no canonical form.");
        }
    }

    /// <summary>Section 3.2.3.</summary>
    private static void WriteObject(ArrayBufferWriter<byte> output, JsonElement value)
    {
        var members = new List<(string Name, JsonElement Value)>();
        foreach (var member in value.EnumerateObject())
        {
            members.Add((Text(() => member.Name), member.Value));
        }

        members.Sort((a, b) => string.CompareOrdinal(a.Name, b.Name));
        output.Write("{"u8);
        for (var i = 0; i < members.Count; i++)
        {
            if (i > 0)
            {
                if (members[i].Name == members[i - 1].Name)
                {
                    throw new JsonException($"The name '{members[i].Name}' is given twice in one object.");
                }

                output.Write(","u8);
            }

            WriteString(output, members[i].Name);
            output.Write(":"u8);
            Write(output, members[i].Value);
        }

        output.Write("}"u8);
    }

    private static void WriteArray(ArrayBufferWriter<byte> output, JsonElement value)
    {
        var separator = "["u8;
        foreach (var item in value.EnumerateArray())
        {
            output.Write(separator);
            Write(output, item);
            separator = ","u8;
        }

        output.Write(separator[0] == '[' ? "[]"u8 : "]"u8);
    }

    /// <summary>Section 3.2.2.2: only what JSON forbids in a string is escaped, in its shortest form.</summary>
    private static void WriteString(ArrayBufferWriter<byte> output, string text)
    {
        var escaped = new StringBuilder(text.Length + 2).Append('"');
        foreach (var c in text)
        {
            _ = c switch
            {
                '"' => escaped.Append("\\\""),
                '\\' => escaped.Append("\\\\"),
                '\b' => escaped.Append("\\b"),
                '\t' => escaped.Append("\\t"),
                '\n' => escaped.Append("\\n"),
                '\f' => escaped.Append("\\f"),
                '\r' => escaped.Append("\\r"),
                < ' ' => escaped.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}"),
                _ => escaped.Append(c),
            };
        }

        Encoding.UTF8.GetBytes(escaped.Append('"').ToString(), output);
    }

    /// <summary>Section 3.2.2.3: Number::toString of ECMAScript.</summary>
    private static void WriteNumber(ArrayBufferWriter<byte> output, JsonElement value)
    {
        if (!value.TryGetDouble(out var number) || !double.IsFinite(number))
        {
            throw new JsonException($"The number {value.GetRawText()} is beyond a double's range; write it as a string.");
        }

        Encoding.UTF8.GetBytes(Format(number), output);
    }

    /// <summary>The shortest digits that read back to the same double, laid out as ECMAScript does.</summary>
    internal static string Format(double number)
    {
        if (number == 0)
        {
            return "0";
        }

        // "R" gives the shortest digits but places point and exponent by other rules.
        var shortest = Math.Abs(number).ToString("R", CultureInfo.InvariantCulture);
        var (mantissa, exponent) = shortest.Split('E') is [var m, var e] ? (m, int.Parse(e, CultureInfo.InvariantCulture)) : (shortest, 0);
        var point = mantissa.IndexOf('.');
        var whole = point < 0 ? mantissa : mantissa[..point];
        var all = whole + (point < 0 ? "" : mantissa[(point + 1)..]);
        var digits = all.TrimStart('0');
        var n = whole.Length + exponent - (all.Length - digits.Length);
        digits = digits.TrimEnd('0');
        var k = digits.Length;
        var text = n switch
        {
            > 21 or <= -6 => Scientific(digits, n - 1),
            _ when n >= k => digits + new string('0', n - k),
            > 0 => $"{digits[..n]}.{digits[n..]}",
            _ => $"0.{new string('0', -n)}{digits}",
        };
        return number < 0 ? "-" + text : text;
    }

    private static string Scientific(string digits, int exponent)
    {
        var sign = exponent < 0 ? '-' : '+';
        var fraction = digits.Length > 1 ? $".{digits[1..]}" : "";
        return string.Create(CultureInfo.InvariantCulture, $"{digits[0]}{fraction}e{sign}{Math.Abs(exponent)}");
    }

    private static string Text(Func<string?> read)
    {
        try
        {
            return read()!;
        }
        catch (InvalidOperationException e)
        {
            throw new JsonException("A string has a surrogate without its other half, or is not UTF-8.", e);
        }
    }
}
