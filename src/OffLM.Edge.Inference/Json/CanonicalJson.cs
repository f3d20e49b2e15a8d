using System.Globalization;
using System.Text;
using System.Text.Json;

namespace OffLM.Edge.Inference;

/// <summary>JSON Canonicalization Scheme, RFC 8785: one byte sequence for one JSON value, to be hashed or signed.</summary>
public static class CanonicalJson
{
    /// <summary>Integers beyond this are not exact in the double that the scheme serialises by (I-JSON, RFC 7493 §2.2).</summary>
    private const double LargestExactInteger = 9007199254740991;

    /// <summary>The canonical form of a JSON text.</summary>
    /// <param name="json">UTF-8 JSON without comments or trailing commas.</param>
    /// <exception cref="JsonException">It is not JSON, has a name twice in one object, or text that is not Unicode.</exception>
    public static byte[] Canonicalize(ReadOnlyMemory<byte> json)
    {
        using var document = JsonDocument.Parse(json);
        return Canonicalize(document.RootElement);
    }

    /// <summary>The canonical form of a parsed value.</summary>
    /// <exception cref="JsonException">A name occurs twice in one object, or text is not Unicode.</exception>
    public static byte[] Canonicalize(JsonElement value)
    {
        var output = new StringBuilder();
        Write(output, value);
        return Encoding.UTF8.GetBytes(output.ToString());
    }

    private static void Write(StringBuilder output, JsonElement value)
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
                WriteString(output, Text(value));
                break;
            case JsonValueKind.Number:
                output.Append(Number(value.GetDouble()));
                break;
            case JsonValueKind.True:
                output.Append("true");
                break;
            case JsonValueKind.False:
                output.Append("false");
                break;
            case JsonValueKind.Null:
                output.Append("null");
                break;
            default:
                throw new JsonException($"A JSON value of kind {value.ValueKind} has no canonical form.");
        }
    }

    /// <summary>§3.2.3: properties in the order of their names' UTF-16 code units.</summary>
    private static void WriteObject(StringBuilder output, JsonElement value)
    {
        var properties = new List<KeyValuePair<string, JsonElement>>();
        foreach (var property in value.EnumerateObject())
        {
            properties.Add(new(Name(property), property.Value));
        }

        properties.Sort((a, b) => string.CompareOrdinal(a.Key, b.Key));
        output.Append('{');
        for (var i = 0; i < properties.Count; i++)
        {
            if (i > 0)
            {
                if (properties[i].Key == properties[i - 1].Key)
                {
                    throw new JsonException($"The name \"{properties[i].Key}\" occurs twice in one object.");
                }

                output.Append(',');
            }

            WriteString(output, properties[i].Key);
            output.Append(':');
            Write(output, properties[i].Value);
        }

        output.Append('}');
    }

    private static void WriteArray(StringBuilder output, JsonElement value)
    {
        output.Append('[');
        var first = true;
        foreach (var item in value.EnumerateArray())
        {
            if (!first)
            {
                output.Append(',');
            }

            first = false;
            Write(output, item);
        }

        output.Append(']');
    }

    /// <summary>§3.2.2.2: only what must be escaped is.</summary>
    private static void WriteString(StringBuilder output, string text)
    {
        output.Append('"');
        foreach (var c in text)
        {
            _ = c switch
            {
                '"' => output.Append("\\\""),
                '\\' => output.Append(@"\\"),
                '\b' => output.Append(@"\b"),
                '\t' => output.Append(@"\t"),
                '\n' => output.Append(@"\n"),
                '\f' => output.Append(@"\f"),
                '\r' => output.Append(@"\r"),
                < ' ' => output.Append(@"\u").Append(((int)c).ToString("x4", CultureInfo.InvariantCulture)),
                _ => output.Append(c),
            };
        }

        output.Append('"');
    }

    /// <summary>§3.2.2.3: as ECMAScript's Number::toString.</summary>
    private static string Number(double value)
    {
        if (!double.IsFinite(value))
        {
            throw new JsonException("A number is too large for a double, which is what RFC 8785 serialises by.");
        }

        if (Math.Abs(value) <= LargestExactInteger && Math.Floor(value) == value)
        {
            return ((long)value).ToString(CultureInfo.InvariantCulture);
        }

        // .NET's shortest digits that round-trip are ECMAScript's; only their layout differs.
        var shortest = Math.Abs(value).ToString("R", CultureInfo.InvariantCulture);
        var parts = shortest.Split('E');
        var exponent = parts.Length == 2 ? int.Parse(parts[1], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture) : 0;
        var dot = parts[0].IndexOf('.', StringComparison.Ordinal);
        var digits = parts[0].Replace(".", "", StringComparison.Ordinal);
        var leadingZeros = digits.Length - digits.TrimStart('0').Length;
        return Layout(value < 0, digits.Trim('0'), (dot < 0 ? digits.Length : dot) - leadingZeros + exponent);
    }

    /// <param name="negative">Whether a sign goes in front.</param>
    /// <param name="digits">The significant digits.</param>
    /// <param name="point">Where the decimal point is, counted from before the first digit.</param>
    private static string Layout(bool negative, string digits, int point)
    {
        var sign = negative ? "-" : "";
        if (point is > 0 and <= 21)
        {
            return digits.Length <= point
                ? sign + digits.PadRight(point, '0')
                : $"{sign}{digits[..point]}.{digits[point..]}";
        }

        if (point is > -6 and <= 0)
        {
            return $"{sign}0.{new string('0', -point)}{digits}";
        }

        var exponent = point - 1;
        var fraction = digits.Length > 1 ? "." + digits[1..] : "";
        return $"{sign}{digits[0]}{fraction}e{(exponent < 0 ? '-' : '+')}{Math.Abs(exponent).ToString(CultureInfo.InvariantCulture)}";
    }

    private static string Text(JsonElement value)
    {
        try
        {
            return value.GetString()!;
        }
        catch (InvalidOperationException e)
        {
            throw new JsonException("A string holds half of a surrogate pair, which is not Unicode.", e);
        }
    }

    private static string Name(JsonProperty property)
    {
        try
        {
            return property.Name;
        }
        catch (InvalidOperationException e)
        {
            throw new JsonException("A name holds half of a surrogate pair, which is not Unicode.", e);
        }
    }
}
