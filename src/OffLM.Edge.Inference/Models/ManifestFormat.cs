using System.Buffers;
using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;

namespace OffLM.Edge.Inference;

/// <summary>Reads and writes <c>offlm-model.json</c>, and derives the model's id from it.</summary>
internal static class ManifestFormat
{
    private const int DigestCharacters = 64;

    /// <summary>The model's id: the SHA-256 of the whole manifest in RFC 8785 form, unknown members included.</summary>
    /// <exception cref="ModelDamagedException">It has no canonical form, for example because a name occurs twice.</exception>
    internal static string Id(ReadOnlyMemory<byte> json, string folder)
    {
        try
        {
            return Convert.ToHexStringLower(SHA256.HashData(CanonicalJson.Canonicalize(json)));
        }
        catch (JsonException e)
        {
            throw Damaged(folder, e);
        }
    }

    /// <exception cref="ModelDamagedException">It is not a manifest; says what is wrong.</exception>
    internal static ModelManifest Read(ReadOnlyMemory<byte> json, string folder)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            var root = document.RootElement;
            var files = new SortedDictionary<string, ModelFile>(StringComparer.Ordinal);
            foreach (var file in JsonMember.Of(root, "files").EnumerateObject())
            {
                files.Add(CheckPath(file.Name), ReadFile(file));
            }

            return new ModelManifest
            {
                Name = JsonMember.Text(root, "name") is { Length: > 0 } name ? name : throw new JsonException("\"name\" is empty."),
                Files = files.Count > 0 ? files : throw new JsonException("\"files\" is empty."),
                License = Text(root, "license"),
                Context = root.TryGetProperty("context", out var context) && context.ValueKind == JsonValueKind.Number ? context.GetInt32() : null,
                Capabilities = root.TryGetProperty("capabilities", out var list) ? Texts(list) : [],
                Embedding = root.TryGetProperty("embedding", out var embedding) ? ReadEmbedding(embedding) : null,
                Adapter = root.TryGetProperty("adapter", out var adapter)
                    ? new AdapterSettings(Required(adapter, "base"), CheckPath(Required(adapter, "file")))
                    : null,
                Family = Text(root, "family"),
                Parameters = Parameters(root),
                Quantization = Text(root, "quantization"),
            };
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException or ArgumentException)
        {
            throw Damaged(folder, e);
        }
    }

    /// <summary>The manifest as JSON; absent members are left out.</summary>
    internal static byte[] Write(ModelManifest manifest)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true, NewLine = "\n" }))
        {
            writer.WriteStartObject();
            writer.WriteString("name", manifest.Name);
            WriteIfPresent(writer, "license", manifest.License);
            if (manifest.Context is { } context)
            {
                writer.WriteNumber("context", context);
            }

            writer.WriteStartArray("capabilities");
            foreach (var capability in manifest.Capabilities)
            {
                writer.WriteStringValue(capability);
            }

            writer.WriteEndArray();
            WriteIfPresent(writer, "family", manifest.Family);
            WriteIfPresent(writer, "parameters", manifest.Parameters);
            WriteIfPresent(writer, "quantization", manifest.Quantization);
            if (manifest.Embedding is { } embedding)
            {
                WriteEmbedding(writer, embedding);
            }

            writer.WriteStartObject("files");
            foreach (var (path, file) in manifest.Files.OrderBy(f => f.Key, StringComparer.Ordinal))
            {
                writer.WriteStartObject(path);
                writer.WriteString("sha256", file.Sha256);
                writer.WriteNumber("bytes", file.Bytes);
                writer.WriteEndObject();
            }

            writer.WriteEndObject();
            writer.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>A file's path inside a model: relative, with forward slashes, and staying inside.</summary>
    /// <exception cref="JsonException">It is none of these.</exception>
    internal static string CheckPath(string path)
    {
        var parts = path.Split('/');
        return path.Contains('\\') || path.Contains('\0') || parts.Any(p => p is "" or "." or "..")
            ? throw new JsonException($"\"{path}\" is not a path inside the model's folder.")
            : path;
    }

    /// <summary>A model whose manifest can't be read goes by its folder's name.</summary>
    private static ModelDamagedException Damaged(string folder, Exception error) =>
        new(Path.GetFileName(folder), $"its {ModelManifest.FileName} is not a model manifest ({error.Message.TrimEnd('.')})", folder);

    private static ModelFile ReadFile(JsonProperty file)
    {
        var digest = JsonMember.Text(file.Value, "sha256");
        var bytes = JsonMember.Of(file.Value, "bytes").GetInt64();
        return digest is { Length: DigestCharacters } && digest.All(char.IsAsciiHexDigitLower) && bytes >= 0
            ? new ModelFile(digest, bytes)
            : throw new JsonException($"\"{file.Name}\" has no valid size and sha256 of {DigestCharacters} lower-case hexadecimal digits.");
    }

    private static EmbeddingSettings ReadEmbedding(JsonElement embedding) => new()
    {
        Graph = CheckPath(Text(embedding, "graph") ?? "model.onnx"),
        Dimensions = Positive(embedding, "dimensions"),
        Vocabulary = Positive(embedding, "vocabulary"),
        Pooling = Text(embedding, "pooling") switch
        {
            "mean" => Pooling.Mean,
            "cls" => Pooling.Cls,
            "last" => Pooling.Last,
            "none" => Pooling.None,
            _ => throw new JsonException("\"embedding\" has no \"pooling\" of mean, cls, last or none."),
        },
        Normalize = Flag(embedding, "normalize"),
        Truncatable = Flag(embedding, "truncatable"),
        Begin = Tokens(embedding, "begin"),
        End = Tokens(embedding, "end"),
    };

    private static void WriteEmbedding(Utf8JsonWriter writer, EmbeddingSettings embedding)
    {
        writer.WriteStartObject("embedding");
        writer.WriteString("graph", embedding.Graph);
        writer.WriteNumber("dimensions", embedding.Dimensions);
        writer.WriteNumber("vocabulary", embedding.Vocabulary);
        writer.WriteString("pooling", embedding.Pooling.ToString().ToLowerInvariant());
        writer.WriteBoolean("normalize", embedding.Normalize);
        writer.WriteBoolean("truncatable", embedding.Truncatable);
        WriteTokens(writer, "begin", embedding.Begin);
        WriteTokens(writer, "end", embedding.End);
        writer.WriteEndObject();
    }

    private static void WriteTokens(Utf8JsonWriter writer, string name, IReadOnlyList<int> tokens)
    {
        writer.WriteStartArray(name);
        foreach (var token in tokens)
        {
            writer.WriteNumberValue(token);
        }

        writer.WriteEndArray();
    }

    private static string Required(JsonElement parent, string name) =>
        Text(parent, name) is { Length: > 0 } text ? text : throw new JsonException($"\"{name}\" is missing.");

    private static int Positive(JsonElement parent, string name) => JsonMember.Integer(parent, name) is > 0 and var number
        ? number
        : throw new JsonException($"\"{name}\" is not above 0.");

    private static bool Flag(JsonElement parent, string name) => parent.TryGetProperty(name, out var value) && value.GetBoolean();

    private static int[] Tokens(JsonElement parent, string name)
    {
        if (!parent.TryGetProperty(name, out var list))
        {
            return [];
        }

        var tokens = new int[list.GetArrayLength()];
        for (var i = 0; i < tokens.Length; i++)
        {
            tokens[i] = list[i].GetInt32();
        }

        return tokens;
    }

    private static List<string> Texts(JsonElement list)
    {
        List<string> texts = [];
        foreach (var text in list.EnumerateArray())
        {
            texts.Add(text.GetString()!);
        }

        return texts;
    }

    private static string? Text(JsonElement root, string name) =>
        root.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    /// <summary>A count is turned into what people say: 494032768 is 494M.</summary>
    private static string? Parameters(JsonElement root)
    {
        if (!root.TryGetProperty("parameters", out var value) || value.ValueKind != JsonValueKind.Number)
        {
            return Text(root, "parameters");
        }

        var count = value.GetInt64();
        return count switch
        {
            >= 1_000_000_000 => string.Create(CultureInfo.InvariantCulture, $"{count / 1e9:0.#}B"),
            >= 1_000_000 => string.Create(CultureInfo.InvariantCulture, $"{count / 1e6:0}M"),
            _ => string.Create(CultureInfo.InvariantCulture, $"{count / 1e3:0}K"),
        };
    }

    private static void WriteIfPresent(Utf8JsonWriter writer, string name, string? value)
    {
        if (value is not null)
        {
            writer.WriteString(name, value);
        }
    }
}
