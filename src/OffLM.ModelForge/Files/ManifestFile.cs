using System.Security.Cryptography;
using System.Text.Json;
using OffLM.ModelForge.Tokenizer;

namespace OffLM.ModelForge.Files;

/// <summary>
/// offlm-model.json: what the folder holds. A model's id is the SHA-256 of this document in RFC 8785 form, so it has
/// no times, paths or floating-point numbers: two boxes that forge the same recipe agree on the id.
/// </summary>
internal static class ManifestFile
{
    /// <summary>Random weights are nobody's work; they are given under the licence of the program.</summary>
    private const string License = "Apache-2.0";

    private static readonly string[] Capabilities = ["completion", "chat", "tools"];
    private static readonly string[] TrainedCapabilities = ["completion", "chat"];

    /// <summary>Writes the manifest of a folder whose other files are complete.</summary>
    public static void Write(string directory, ModelRecipe recipe, long parameters) => Write(directory, ModelFile.Described, json =>
    {
        var trained = recipe.Trained;
        WriteHead(json, recipe.Name, "qwen2", trained?.License ?? License, recipe.Context, parameters, "int4", trained is null ? Capabilities : TrainedCapabilities);
        if (trained is not null)
        {
            json.WriteString("attribution", trained.Attribution);
        }
    });

    /// <summary>Writes the manifest of an encoder's folder whose other files are complete.</summary>
    public static void Write(string directory, EncoderRecipe recipe, TokenIds ids, long parameters) => Write(directory, ModelFile.DescribedOfEncoder, json =>
    {
        WriteHead(json, recipe.Name, "bert", License, recipe.Context, parameters, "f32", ["embedding"]);
        json.WriteStartObject("embedding");
        json.WriteString("graph", ModelFile.Graph);
        json.WriteNumber("dimensions", recipe.Hidden);
        json.WriteNumber("vocabulary", recipe.Vocabulary);
        json.WriteString("pooling", recipe.Pooling);
        json.WriteBoolean("normalize", recipe.Normalize);
        json.WriteBoolean("truncatable", recipe.Truncatable);
        WriteToken(json, "begin", ids.Of(SpecialTokens.StartOfMessage));
        WriteToken(json, "end", ids.Of(SpecialTokens.EndOfMessage));
        json.WriteEndObject();
    });

    /// <summary>Writes the manifest of an adapter's folder whose file is complete.</summary>
    public static void Write(string directory, AdapterRecipe recipe) => Write(directory, [ModelFile.Adapter], json =>
    {
        json.WriteString("name", recipe.FullName);
        json.WriteString("family", "qwen2");
        json.WriteString("license", License);
        json.WriteNumber("context", recipe.Base.Context);
        WriteTexts(json, "capabilities", Capabilities);
        json.WriteStartObject("adapter");
        json.WriteString("base", recipe.Base.Name);
        json.WriteString("file", ModelFile.Adapter);
        json.WriteEndObject();
    });

    private static void WriteHead(
        Utf8JsonWriter json, string name, string family, string license, int context, long parameters, string quantization, IReadOnlyList<string> capabilities)
    {
        json.WriteString("name", name);
        json.WriteString("family", family);
        json.WriteString("license", license);
        json.WriteNumber("context", context);
        json.WriteNumber("parameters", parameters);
        json.WriteString("quantization", quantization);
        WriteTexts(json, "capabilities", capabilities);
    }

    private static void WriteTexts(Utf8JsonWriter json, string name, IReadOnlyList<string> texts)
    {
        json.WriteStartArray(name);
        foreach (var text in texts)
        {
            json.WriteStringValue(text);
        }

        json.WriteEndArray();
    }

    private static void WriteToken(Utf8JsonWriter json, string name, int id)
    {
        json.WriteStartArray(name);
        json.WriteNumberValue(id);
        json.WriteEndArray();
    }

    private static void Write(string directory, IReadOnlyList<string> files, Action<Utf8JsonWriter> head) =>
        JsonFile.Write(Path.Combine(directory, ModelFile.Manifest), json =>
        {
            json.WriteStartObject();
            head(json);
            json.WriteStartObject("files");
            foreach (var name in files)
            {
                using var file = File.OpenRead(Path.Combine(directory, name));
                json.WriteStartObject(name);
                json.WriteString("sha256", Convert.ToHexStringLower(SHA256.HashData(file)));
                json.WriteNumber("bytes", file.Length);
                json.WriteEndObject();
            }

            json.WriteEndObject();
            json.WriteEndObject();
        });
}
