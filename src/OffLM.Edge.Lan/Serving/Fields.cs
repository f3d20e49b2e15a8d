using System.Globalization;
using System.Text.Json;

namespace OffLM.Edge.Lan.Serving;

/// <summary>The fields of one JSON object in a request. A field that is null counts as absent; what is wrong is named by its path.</summary>
/// <param name="Element">A JSON object.</param>
/// <param name="Path">Where it is in the body; empty for the body itself.</param>
internal readonly record struct Fields(JsonElement Element, string Path)
{
    /// <summary>A kind of JSON value in words. Never quotes the value: it may be somebody's text.</summary>
    public static string Describe(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "an array",
        JsonValueKind.String => "a string",
        JsonValueKind.Number => "a number",
        JsonValueKind.True or JsonValueKind.False => "true or false",
        _ => "null",
    };

    /// <summary>An error about a value.</summary>
    public static ApiException Wrong(string path, string expected, string came) => ApiException.BadRequest($"'{path}' must be {expected}; it is {came}.", path);

    /// <summary>The value as text.</summary>
    /// <exception cref="ApiException">It is no string.</exception>
    public static string TextOf(JsonElement value, string path) =>
        value.ValueKind == JsonValueKind.String ? value.GetString()! : throw Wrong(path, "a string", Describe(value));

    /// <summary>The value as a whole number.</summary>
    /// <exception cref="ApiException">It is no whole number, or out of range.</exception>
    public static long IntegerOf(JsonElement value, string path, long least, long most)
    {
        var expected = string.Create(CultureInfo.InvariantCulture, $"a whole number from {least} to {most}");
        if (value.ValueKind != JsonValueKind.Number)
        {
            throw Wrong(path, expected, Describe(value));
        }

        // Some clients write whole numbers as 128.0.
        var number = value.TryGetInt64(out var integer) ? integer
            : value.TryGetDouble(out var real) && real == Math.Truncate(real) && Math.Abs(real) < 1L << 53 ? (long)real
            : throw Wrong(path, expected, "not");
        return number >= least && number <= most ? number : throw Wrong(path, expected, number.ToString(CultureInfo.InvariantCulture));
    }

    /// <summary>The value as a number.</summary>
    /// <exception cref="ApiException">It is no number, or out of range.</exception>
    public static double NumberOf(JsonElement value, string path, double least, double most)
    {
        var expected = string.Create(CultureInfo.InvariantCulture, $"a number from {least} to {most}");
        if (value.ValueKind != JsonValueKind.Number || !value.TryGetDouble(out var number))
        {
            throw Wrong(path, expected, Describe(value));
        }

        return number >= least && number <= most ? number : throw Wrong(path, expected, number.ToString("R", CultureInfo.InvariantCulture));
    }

    /// <summary>The field's path in the body.</summary>
    public string PathOf(string name) => Path.Length == 0 ? name : $"{Path}.{name}";

    /// <summary>False if the field is absent or null.</summary>
    public bool TryGet(string name, out JsonElement value) => Element.TryGetProperty(name, out value) && value.ValueKind != JsonValueKind.Null;

    public string? Text(string name) => TryGet(name, out var value) ? TextOf(value, PathOf(name)) : null;

    /// <exception cref="ApiException">It is absent.</exception>
    public string RequiredText(string name) =>
        Text(name) is { Length: > 0 } text ? text : throw ApiException.BadRequest($"'{PathOf(name)}' is missing; a string was expected.", PathOf(name));

    public bool? Flag(string name) => !TryGet(name, out var value) ? null
        : value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.GetBoolean()
        : throw Wrong(PathOf(name), "true or false", Describe(value));

    public long? Integer(string name, long least, long most) => TryGet(name, out var value) ? IntegerOf(value, PathOf(name), least, most) : null;

    public double? Number(string name, double least, double most) => TryGet(name, out var value) ? NumberOf(value, PathOf(name), least, most) : null;

    public Fields? Object(string name) => !TryGet(name, out var value) ? null : ObjectOf(value, PathOf(name));

    /// <summary>The field's items with their paths; none if it is absent.</summary>
    public IReadOnlyList<(JsonElement Value, string Path)> Items(string name) => TryGet(name, out var value) ? ItemsOf(value, PathOf(name)) : [];

    /// <exception cref="ApiException">It is no object.</exception>
    public static Fields ObjectOf(JsonElement value, string path) =>
        value.ValueKind == JsonValueKind.Object ? new Fields(value, path) : throw Wrong(path, "an object", Describe(value));

    /// <exception cref="ApiException">It is no array.</exception>
    public static IReadOnlyList<(JsonElement Value, string Path)> ItemsOf(JsonElement value, string path)
    {
        if (value.ValueKind != JsonValueKind.Array)
        {
            throw Wrong(path, "an array", Describe(value));
        }

        var items = new List<(JsonElement Value, string Path)>();
        foreach (var item in value.EnumerateArray())
        {
            items.Add((item, $"{path}[{items.Count}]"));
        }

        return items;
    }

    /// <summary>A field that is a string or an array of strings, as <c>stop</c> is.</summary>
    /// <param name="name">The field.</param>
    /// <param name="most">As many strings as there may be.</param>
    /// <exception cref="ApiException">It is neither, has too many, or an empty one.</exception>
    public IReadOnlyList<string> TextOrTexts(string name, int most)
    {
        if (!TryGet(name, out var value))
        {
            return [];
        }

        var path = PathOf(name);
        IReadOnlyList<string> texts = value.ValueKind switch
        {
            JsonValueKind.String => [TextOf(value, path)],
            JsonValueKind.Array => [.. ItemsOf(value, path).Select(i => TextOf(i.Value, i.Path))],
            _ => throw Wrong(path, "a string or an array of strings", Describe(value)),
        };
        return texts.Count > most ? throw Wrong(path, $"at most {most} strings", $"{texts.Count} strings")
            : texts.Any(t => t.Length == 0) ? throw Wrong(path, "strings with at least one character", "empty in one place")
            : texts;
    }
}
