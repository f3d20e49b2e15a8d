using System.Text;
using System.Text.Json;

namespace OffLM.Edge.Configuration;

/// <summary>Something wrong with a setting: where, what, and what was expected.</summary>
/// <param name="Where">A file and line, an environment variable or an option.</param>
/// <param name="Message">What is wrong and what was expected.</param>
internal sealed record ConfigurationProblem(string Where, string Message)
{
    public override string ToString() => $"{Where}: {Message}";
}

/// <summary>Reads a configuration file: JSON, comments allowed. Every wrong key is named with its line; none hides another.</summary>
internal static class ConfigurationFile
{
    /// <summary>Applies a file's settings.</summary>
    /// <returns>All that is wrong with it.</returns>
    public static IReadOnlyList<ConfigurationProblem> Apply(string path, EdgeSettings settings)
    {
        byte[] utf8;
        try
        {
            utf8 = File.ReadAllBytes(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [new(path, $"can't be read: {e.Message}")];
        }

        var problems = new List<ConfigurationProblem>();
        try
        {
            Read(path, utf8.AsSpan().StartsWith("\uFEFF"u8) ? utf8.AsSpan(3) : utf8, settings, problems);
        }
        catch (JsonException e)
        {
            problems.Add(new($"{path}:{e.LineNumber + 1}", $"is not JSON: {e.Message}"));
        }

        return problems;
    }

    private static void Read(string path, ReadOnlySpan<byte> utf8, EdgeSettings settings, List<ConfigurationProblem> problems)
    {
        var reader = new Utf8JsonReader(utf8, new JsonReaderOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true });
        var sections = new Stack<string>();
        var current = "";
        while (reader.Read())
        {
            var where = $"{path}:{Line(utf8, reader.TokenStartIndex)}";
            switch (reader.TokenType)
            {
                case JsonTokenType.PropertyName:
                    current = Join(sections, reader.GetString()!);
                    if (!SettingTable.IsSection(current) && SettingTable.Find(current) is null)
                    {
                        problems.Add(new(where, $"there is no setting '{current}'.{Suggestion(current)}"));
                        reader.Skip();
                    }

                    break;
                case JsonTokenType.StartObject when current.Length == 0 || SettingTable.IsSection(current):
                    sections.Push(current);
                    break;
                case JsonTokenType.EndObject:
                    sections.Pop();
                    break;
                default:
                    ApplyValue(ref reader, where, current, settings, problems);
                    break;
            }
        }
    }

    private static void ApplyValue(ref Utf8JsonReader reader, string where, string name, EdgeSettings settings, List<ConfigurationProblem> problems)
    {
        if (SettingTable.Find(name) is not { } setting)
        {
            problems.Add(new(where, name.Length == 0 ? "the file must hold one JSON object" : $"'{name}' is a section: expected an object"));
            reader.Skip();
            return;
        }

        var items = new List<string>();
        switch (reader.TokenType)
        {
            case JsonTokenType.StartArray:
                while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
                {
                    items.Add(Scalar(ref reader));
                }

                break;
            default:
                items.Add(Scalar(ref reader));
                break;
        }

        if (Configurator.TryApply(setting, new SettingValue(items), settings) is { } problem)
        {
            problems.Add(new(where, problem));
        }
    }

    private static string Scalar(ref Utf8JsonReader reader)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.String:
                return reader.GetString()!;
            case JsonTokenType.Number or JsonTokenType.True or JsonTokenType.False:
                return Encoding.UTF8.GetString(reader.ValueSpan);
            default:
                reader.Skip();
                return "";
        }
    }

    private static string Join(Stack<string> sections, string name) =>
        sections.TryPeek(out var section) && section.Length > 0 ? $"{section}.{name}" : name;

    private static int Line(ReadOnlySpan<byte> utf8, long position) => 1 + utf8[..(int)position].Count((byte)'\n');

    /// <summary>The nearest name, if one is near enough to be meant.</summary>
    private static string Suggestion(string name)
    {
        var nearest = SettingTable.All.Select(s => s.Path).MinBy(path => Distance(path, name))!;
        return Distance(nearest, name) <= 4 ? $" Did you mean '{nearest}'?" : "";
    }

    /// <summary>Levenshtein's distance, without regard to case.</summary>
    private static int Distance(string a, string b)
    {
        var row = new int[b.Length + 1];
        for (var j = 0; j < row.Length; j++)
        {
            row[j] = j;
        }

        for (var i = 1; i <= a.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                var substitution = diagonal + (char.ToLowerInvariant(a[i - 1]) == char.ToLowerInvariant(b[j - 1]) ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(substitution, 1 + Math.Min(row[j], row[j - 1]));
            }
        }

        return row[b.Length];
    }
}
