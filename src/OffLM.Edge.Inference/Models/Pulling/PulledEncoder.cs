using System.Text.Json;

namespace OffLM.Edge.Inference;

/// <summary>
/// A repository in the layout of sentence-transformers: <c>modules.json</c> names the steps from text to embedding, and the encoder lies beside as ONNX.
/// Most models that make embeddings are published so, with the weights in several other formats, which stay there.
/// </summary>
internal static class PulledEncoder
{
    private const string Modules = "modules.json";
    private const string Configuration = "config.json";
    private const string Tokenizer = "tokenizer.json";
    private const string PoolingFile = "_Pooling/config.json";

    /// <summary>Where the graph may be; the first is taken. Rounded ones come last: their authors mean the others.</summary>
    private static readonly string[] s_graphs = ["onnx/model.onnx", "model.onnx", "onnx/model_quantized.onnx", "onnx/model_int8.onnx"];

    private static readonly string[] s_wanted =
    [
        Modules, Configuration, Tokenizer, "tokenizer_config.json", "tokenizer.model", "special_tokens_map.json", "sentence_bert_config.json",
        "config_sentence_transformers.json", "README.md", "LICENSE",
    ];

    /// <summary>The files that are needed.</summary>
    /// <returns>Null if the repository is of another layout.</returns>
    internal static IReadOnlyList<RepositoryFile>? Select(IReadOnlyList<RepositoryFile> files)
    {
        var graph = GraphOf(files.Select(f => f.Path));
        return graph is null || !files.Any(f => f.Path == Modules) || !files.Any(f => f.Path == Configuration) || !files.Any(f => f.Path == Tokenizer)
            ? null
            : [.. files.Where(f => s_wanted.Contains(f.Path) || f.Path.EndsWith(PoolingFile, StringComparison.Ordinal) || f.Path == graph || f.Path == graph + "_data" || f.Path == graph + ".data")];
    }

    /// <summary>Whether what was fetched is such a repository.</summary>
    internal static bool IsIn(string folder) => File.Exists(Path.Combine(folder, Modules)) && !File.Exists(Path.Combine(folder, GenAiSettings.FileName));

    /// <summary>Says how the model makes embeddings.</summary>
    /// <param name="folder">Where the files are.</param>
    /// <param name="files">Their names.</param>
    /// <param name="context">Takes the tokens of a text at most.</param>
    /// <param name="family">Takes the model's kind.</param>
    /// <exception cref="JsonException">It makes them in a way that is not known here.</exception>
    internal static EmbeddingSettings Read(string folder, IEnumerable<string> files, out int context, out string? family)
    {
        using var configuration = Parse(folder, Configuration);
        using var modules = Parse(folder, Modules);
        using var tokenizer = Parse(folder, Tokenizer);
        List<string> kinds = [];
        foreach (var module in modules.RootElement.EnumerateArray())
        {
            kinds.Add(Text(module, "type").Split('.')[^1]);
        }

        if (kinds.Find(kind => kind is not ("Transformer" or "Pooling" or "Normalize")) is { } unknown)
        {
            throw new JsonException($"its {Modules} has a step {unknown}, which this box can't compute");
        }

        var root = configuration.RootElement;
        (context, family) = (ContextOf(folder, root), root.TryGetProperty("model_type", out var kind) ? kind.GetString() : null);
        var (begin, end) = Surroundings(tokenizer.RootElement);
        return new EmbeddingSettings
        {
            Graph = GraphOf(files)!,
            Dimensions = Number(root, "hidden_size", "n_embd", "dim"),
            Vocabulary = Number(root, "vocab_size"),
            Pooling = PoolingOf(folder, modules.RootElement),
            Normalize = kinds.Contains("Normalize"),
            Begin = begin,
            End = end,
        };
    }

    private static string? GraphOf(IEnumerable<string> files) => files.Intersect(s_graphs).OrderBy(f => Array.IndexOf(s_graphs, f)).FirstOrDefault();

    private static JsonDocument Parse(string folder, string file) => JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, file)));

    /// <summary>What the authors trained it for, where that is not more than the graph has positions. RoBERTa and its kin count them from behind the padding
    /// token's id, so that some are never used.</summary>
    private static int ContextOf(string folder, JsonElement configuration)
    {
        var positions = Number(configuration, "max_position_embeddings", "n_positions");
        if (configuration.TryGetProperty("model_type", out var kind) && kind.GetString() is "roberta" or "xlm-roberta" or "camembert" or "mpnet")
        {
            positions -= Number(configuration, "pad_token_id") + 1;
        }

        const string Sentences = "sentence_bert_config.json";
        if (File.Exists(Path.Combine(folder, Sentences)))
        {
            using var sentences = Parse(folder, Sentences);
            if (sentences.RootElement.TryGetProperty("max_seq_length", out var longest) && longest.ValueKind == JsonValueKind.Number)
            {
                return Math.Min(longest.GetInt32(), positions);
            }
        }

        return positions;
    }

    private static string Text(JsonElement element, string name) => element.GetProperty(name).GetString() ?? throw new JsonException($"its {name} is null");

    /// <summary>What has one of these names, which are different families' for the same.</summary>
    private static int Number(JsonElement configuration, params ReadOnlySpan<string> names)
    {
        foreach (var name in names)
        {
            if (configuration.TryGetProperty(name, out var value))
            {
                return value.GetInt32();
            }
        }

        throw new JsonException($"its {Configuration} has no {names[0]}");
    }

    private static Pooling PoolingOf(string folder, JsonElement modules)
    {
        var step = modules.EnumerateArray().FirstOrDefault(m => Text(m, "type").EndsWith(".Pooling", StringComparison.Ordinal));
        if (step.ValueKind == JsonValueKind.Undefined)
        {
            return Pooling.Mean;
        }

        using var pooling = Parse(folder, Path.Combine(ManifestFormat.CheckPath(Text(step, "path")), Configuration));
        List<string> modes = [];
        foreach (var mode in pooling.RootElement.EnumerateObject())
        {
            if (mode.Name.StartsWith("pooling_mode_", StringComparison.Ordinal) && mode.Value.ValueKind == JsonValueKind.True)
            {
                modes.Add(mode.Name);
            }
        }

        return modes switch
        {
            ["pooling_mode_mean_tokens"] => Pooling.Mean,
            ["pooling_mode_cls_token"] => Pooling.Cls,
            ["pooling_mode_lasttoken"] => Pooling.Last,
            _ => throw new JsonException($"it makes one vector of a text's by {(modes.Count == 0 ? "nothing" : string.Join(" and ", modes))}, which this box can't compute"),
        };
    }

    /// <summary>The special tokens before and after a text.</summary>
    private static (int[] Begin, int[] End) Surroundings(JsonElement tokenizer)
    {
        if (!tokenizer.TryGetProperty("post_processor", out var processor) || processor.ValueKind != JsonValueKind.Object)
        {
            return ([], []);
        }

        switch (processor.GetProperty("type").GetString())
        {
            case "BertProcessing" or "RobertaProcessing":
                return ([processor.GetProperty("cls")[1].GetInt32()], [processor.GetProperty("sep")[1].GetInt32()]);
            case "TemplateProcessing":
                var (before, after, isAfter) = (new List<int>(), new List<int>(), false);
                foreach (var part in processor.GetProperty("single").EnumerateArray())
                {
                    if (part.TryGetProperty("SpecialToken", out var special))
                    {
                        var ids = processor.GetProperty("special_tokens").GetProperty(Text(special, "id")).GetProperty("ids");
                        foreach (var id in ids.EnumerateArray())
                        {
                            (isAfter ? after : before).Add(id.GetInt32());
                        }
                    }

                    isAfter |= part.TryGetProperty("Sequence", out _);
                }

                return ([.. before], [.. after]);
            case "ByteLevel":
                return ([], []);
            case var kind:
                throw new JsonException($"its {Tokenizer} adds tokens by {kind}, which is not known here");
        }
    }
}
