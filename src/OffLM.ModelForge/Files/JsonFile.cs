using System.Text.Encodings.Web;
using System.Text.Json;

namespace OffLM.ModelForge.Files;

/// <summary>Writes JSON files that people can read: indented, with line feeds and with characters as themselves.</summary>
internal static class JsonFile
{
    private static readonly JsonWriterOptions Options = new()
    {
        Indented = true,
        IndentSize = 1,
        NewLine = "\n",
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>Creates or replaces the file.</summary>
    public static void Write(string path, Action<Utf8JsonWriter> content)
    {
        using var file = File.Create(path);
        using (var json = new Utf8JsonWriter(file, Options))
        {
            content(json);
        }

        file.WriteByte((byte)'\n');
    }
}
