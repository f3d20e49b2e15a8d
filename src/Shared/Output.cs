using System.Globalization;
using System.Numerics;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace OffLM.Edge;

/// <summary>Writes answers to standard output: aligned columns for people, JSON for machines. One file, compiled into each program.</summary>
internal static class Output
{
    /// <summary>Writes rows with their columns aligned; the first row is the heading.</summary>
    public static void Table(IReadOnlyList<IReadOnlyList<string>> rows)
    {
        var widths = new int[rows[0].Count];
        for (var column = 0; column < widths.Length; column++)
        {
            widths[column] = rows.Max(row => row[column].Length);
        }

        foreach (var row in rows)
        {
            Console.WriteLine(string.Join("  ", row.Select((cell, column) => cell.PadRight(widths[column]))).TrimEnd());
        }
    }

    /// <summary>Writes name and value pairs.</summary>
    public static void Pairs(params (string Name, string Value)[] pairs)
    {
        var width = pairs.Max(p => p.Name.Length);
        foreach (var (name, value) in pairs)
        {
            Console.WriteLine($"{name.PadRight(width)}  {value}");
        }
    }

    /// <summary>Writes one JSON document that a callback fills.</summary>
    public static void Json(Action<Utf8JsonWriter> write)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true, NewLine = "\n" }))
        {
            write(writer);
        }

        Console.WriteLine(Encoding.UTF8.GetString(stream.ToArray()));
    }

    /// <summary>Writes an object as JSON.</summary>
    public static void Json<T>(T value, JsonTypeInfo<T> type) => Console.WriteLine(JsonSerializer.Serialize(value, type));

    /// <summary>Writes a document as it came.</summary>
    public static void Json(JsonElement element) => Json(element.WriteTo);

    /// <summary>Says that a change was made: a sentence on standard error for people, a small object for machines.</summary>
    /// <param name="json">For machines?</param>
    /// <param name="sentence">For people.</param>
    /// <param name="what">The object's first field: what was changed.</param>
    /// <param name="change">The object's second field, which is true.</param>
    public static void Done(bool json, string sentence, (string Field, string Value) what, string change)
    {
        if (!json)
        {
            Console.Error.WriteLine(sentence);
            return;
        }

        Json(writer =>
        {
            writer.WriteStartObject();
            writer.WriteString(what.Field, what.Value);
            writer.WriteBoolean(change, true);
            writer.WriteEndObject();
        });
    }

    /// <summary>A number of things: one of them, or several.</summary>
    public static string Count(BigInteger number, string thing) =>
        string.Create(CultureInfo.InvariantCulture, $"{number} {thing}{(number.IsOne ? "" : thing.EndsWith("ch", StringComparison.Ordinal) || thing.EndsWith("sh", StringComparison.Ordinal) ? "es" : "s")}");

    /// <summary>A size in the largest unit that leaves a number above 1.</summary>
    public static string Size(long bytes) => bytes switch
    {
        >= 1L << 30 => $"{bytes / (double)(1L << 30):0.0} GiB",
        >= 1L << 20 => $"{bytes / (double)(1L << 20):0.0} MiB",
        >= 1L << 10 => $"{bytes / (double)(1L << 10):0.0} KiB",
        _ => $"{bytes} B",
    };

    /// <summary>An amount of atto-OFFLM in whole OFFLM, exactly.</summary>
    public static string Offlm(BigInteger atto)
    {
        var (whole, rest) = BigInteger.DivRem(atto, 1_000_000_000_000_000_000);
        var fraction = rest.ToString(CultureInfo.InvariantCulture).PadLeft(18, '0').TrimEnd('0');
        return fraction.Length == 0 ? $"{whole} OFFLM" : $"{whole}.{fraction} OFFLM";
    }
}
