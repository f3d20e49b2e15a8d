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
                var embedding = PulledEncoder.Read(folder, files.Keys, out var positions, out var kind);
                return new ModelManifest
                {
                    Name = name,
                    Files = files,
                    License = License(Path.Combine(folder, "README.md")),
                    Context = positions,
                    Family = kind,
                    Capabilities = ["embedding"],
                    Embedding = embedding,
                };
            }

            var (context, family) = Settings(File.ReadAllBytes(Path.Combine(folder, GenAiSettings.FileName)));
            return new ModelManifest
            {
                Name = name,
                Files = files,
                License = License(Path.Combine(folder, "README.md")),
                Context = context,
                Family = family,
                Capabilities = Capabilities(folder),
            };
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException or IndexOutOfRangeException or FileNotFoundException or DirectoryNotFoundException)
        {
            throw new ModelPullException($"{name} is not usable: {Problem(folder, e)}.", e);
        }
    }

    /// <summary>What is wrong, without places on this machine and in our words where .NET's say nothing.</summary>
    private static string Problem(string folder, Exception error) => error switch
    {
        KeyNotFoundException => "its configuration lacks a value that is needed",
        IOException => $"its file {FileIn(error.Message, folder + Path.DirectorySeparatorChar)} is missing",
        _ => error.Message.TrimEnd('.'),
    };

    /// <summary>The system names a missing file by its whole path, in quotes.</summary>
    private static string FileIn(string message, string folder) => message.IndexOf(folder, StringComparison.Ordinal) is >= 0 and var at
        ? message[(at + folder.Length)..].Split('\'')[0]
        : "that its configuration names";

    /// <exception cref="JsonException">They lack something.</exception>
    private static (int Context, string Family) Settings(byte[] json)
    {
        try
        {
            using var settings = JsonDocument.Parse(json);
            var model = JsonMember.Of(settings.RootElement, "model");
            return (JsonMember.Integer(model, "context_length"), JsonMember.Text(model, "type"));
        }
        catch (JsonException e)
        {
            throw new JsonException($"in its {GenAiSettings.FileName}, {e.Message}", e);
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
