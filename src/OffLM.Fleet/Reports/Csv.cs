using System.Text;

namespace OffLM.Fleet.Reports;

/// <summary>Comma-separated values, RFC 4180: lines end in CR LF, fields with commas, quotes or line ends are quoted.</summary>
internal static class Csv
{
    public static string Format(IEnumerable<IReadOnlyList<string>> rows)
    {
        var text = new StringBuilder();
        foreach (var row in rows)
        {
            text.AppendJoin(',', row.Select(Field)).Append("\r\n");
        }

        return text.ToString();
    }

    private static string Field(string value) =>
        value.AsSpan().ContainsAny("\",\r\n") ? $"\"{value.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : value;
}
