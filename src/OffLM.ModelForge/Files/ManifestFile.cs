using System.Security.Cryptography;

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
    public static void Write(string directory, ModelRecipe recipe, long parameters) =>
        JsonFile.Write(Path.Combine(directory, ModelFile.Manifest), json =>
        {
            json.WriteStartObject();
            json.WriteString("name", recipe.Name);
            json.WriteString("family", "qwen2");
            json.WriteString("license", recipe.Trained?.License ?? License);
            if (recipe.Trained is { } trained)
            {
                json.WriteString("attribution", trained.Attribution);
            }

            json.WriteNumber("context", recipe.Context);
            json.WriteNumber("parameters", parameters);
            json.WriteString("quantization", "int4");
            json.WriteStartArray("capabilities");
            foreach (var capability in recipe.Trained is null ? Capabilities : TrainedCapabilities)
            {
                json.WriteStringValue(capability);
            }

            json.WriteEndArray();
            json.WriteStartObject("files");
            foreach (var name in ModelFile.Described)
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
