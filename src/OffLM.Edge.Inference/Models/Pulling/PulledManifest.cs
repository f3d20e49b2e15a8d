using System.Text.Json;

namespace OffLM.Edge.Inference;

/// <summary>Makes a manifest for a repository that has none, from the repository's files only: no times, no paths, no names given here.</summary>
internal static class PulledManifest
{
    /// <param name="folder">Where the files are.</param>
    /// <param name="name">Made from the repository's own name.</param>
    /// <param name="files">Their digests.</param>
    /// <exception cref="ModelPullException">It is no model that this box can run.</exception>
    internal static ModelManifest Generate(string folder, string name, IReadOnlyDictionary<string, ModelFile> files)
    {
        try
        {
            if (PulledEncoder.IsIn(folder))
            {
                var embedding = PulledEncoder.Read(folder, files.Keys, out var context, out var family);
                return new ModelManifest
                {
                    Name = name,
                    Files = files,
                    License = License(Path.Combine(folder, "README.md")),
                    Context = context,
                    Family = family,
                    Capabilities = ["embedding"],
                    Embedding = embedding,
                };
            }

            using var settings = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, GenAiSettings.FileName)));
            var model = settings.RootElement.GetProperty("model");
            return new ModelManifest
            {
                Name = name,
                Files = files,
                License = License(Path.Combine(folder, "README.md")),
                Context = model.GetProperty("context_length").GetInt32(),
                Family = model.GetProperty("type").GetString(),
                Capabilities = Capabilities(folder),
            };
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException or IndexOutOfRangeException or FileNotFoundException or DirectoryNotFoundException)
        {
            throw new ModelPullException($"{name} is not usable: {e.Message.TrimEnd('.')}.", e);
        }
    }

    private static List<string> Capabilities(string folder)
    {
        var template = string.Concat(
            new[] { "tokenizer_config.json", "chat_template.jinja" }.Select(f => Path.Combine(folder, f)).Where(File.Exists).Select(File.ReadAllText));
        List<string> capabilities = ["completion"];
        if (template.Contains("chat_template", StringComparison.Ordinal) || File.Exists(Path.Combine(folder, "chat_template.jinja")))
        {
            capabilities.Add("chat");
        }

        if (template.Contains("tools", StringComparison.Ordinal))
        {
            capabilities.Add("tools");
        }

        return capabilities;
    }

    /// <summary>The <c>license:</c> line in the front matter of a model card.</summary>
    private static string? License(string card)
    {
        const string Key = "license:";
        if (!File.Exists(card) || File.ReadLines(card).FirstOrDefault() != "---")
        {
            return null;
        }

        var line = File.ReadLines(card).Skip(1).TakeWhile(l => l != "---").FirstOrDefault(l => l.StartsWith(Key, StringComparison.Ordinal));
        return line?[Key.Length..].Trim() is { Length: > 0 } license ? license : null;
    }
}
