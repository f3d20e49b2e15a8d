using System.Text.Json;

namespace OffLM.Edge.Inference;

/// <summary>How a decoder's graph is fed, from its <c>genai_config.json</c>; names that the file leaves out are GenAI's defaults.</summary>
internal sealed record DecoderSettings
{
    internal required string FileName { get; init; }

    internal required int Layers { get; init; }

    internal required int KeyValueHeads { get; init; }

    internal required int HeadSize { get; init; }

    internal required string InputIds { get; init; }

    internal required string AttentionMask { get; init; }

    internal required string PositionIds { get; init; }

    /// <summary>Whether the file names them, rather than leaving it to the graph.</summary>
    internal required bool NamesPositionIds { get; init; }

    internal required string Logits { get; init; }

    internal required IReadOnlyList<string> PastKeys { get; init; }

    internal required IReadOnlyList<string> PastValues { get; init; }

    internal required IReadOnlyList<string> PresentKeys { get; init; }

    internal required IReadOnlyList<string> PresentValues { get; init; }

    /// <summary>Threads that the file asks for; 0 if it doesn't.</summary>
    internal required int Threads { get; init; }

    /// <summary>The first section that is there beside the decoder, such as <c>vision</c>; null for a plain language model.</summary>
    internal required string? Companion { get; init; }

    /// <summary>Whether there is a cache to be fed at all.</summary>
    private bool HasCache => Layers > 0 && KeyValueHeads > 0 && HeadSize > 0;

    /// <summary>Reads what <see cref="GenAiSettings.Read"/> has found to be usable.</summary>
    /// <exception cref="UnknownGraphException">It describes no single decoder.</exception>
    internal static DecoderSettings Read(string folder)
    {
        using var json = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, GenAiSettings.FileName)));
        var model = json.RootElement.GetProperty("model");
        var decoder = model.GetProperty("decoder");
        try
        {
            var layers = decoder.GetProperty("num_hidden_layers").GetInt32();
            var inputs = Section(decoder, "inputs");
            var outputs = Section(decoder, "outputs");
            var settings = new DecoderSettings
            {
                FileName = decoder.GetProperty("filename").GetString() ?? "",
                Layers = layers,
                KeyValueHeads = decoder.GetProperty("num_key_value_heads").GetInt32(),
                HeadSize = decoder.GetProperty("head_size").GetInt32(),
                InputIds = Name(inputs, "input_ids", "input_ids"),
                AttentionMask = Name(inputs, "attention_mask", "attention_mask"),
                PositionIds = Name(inputs, "position_ids", "position_ids"),
                NamesPositionIds = inputs is { } section && section.TryGetProperty("position_ids", out _),
                Logits = Name(outputs, "logits", "logits"),
                PastKeys = Names(inputs, "past_key_names", "past_key_values.%d.key", layers),
                PastValues = Names(inputs, "past_value_names", "past_key_values.%d.value", layers),
                PresentKeys = Names(outputs, "present_key_names", "present.%d.key", layers),
                PresentValues = Names(outputs, "present_value_names", "present.%d.value", layers),
                Threads = Section(decoder, "session_options") is { } options && options.TryGetProperty("intra_op_num_threads", out var threads) ? threads.GetInt32() : 0,
                Companion = Array.Find(["vision", "speech", "encoder", "embedding"], name => model.TryGetProperty(name, out _)),
            };
            return settings.HasCache ? settings : throw new UnknownGraphException($"its {GenAiSettings.FileName} describes a decoder without a cache");
        }
        catch (Exception e) when (e is KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new UnknownGraphException($"its {GenAiSettings.FileName} describes no single decoder file");
        }
    }

    private static JsonElement? Section(JsonElement parent, string name) =>
        parent.TryGetProperty(name, out var section) && section.ValueKind == JsonValueKind.Object ? section : null;

    private static string Name(JsonElement? section, string key, string standard) =>
        section is { } values && values.TryGetProperty(key, out var name) ? name.GetString() ?? standard : standard;

    private static string[] Names(JsonElement? section, string key, string standard, int layers)
    {
        var pattern = Name(section, key, standard);
        var names = new string[layers];
        for (var i = 0; i < layers; i++)
        {
            names[i] = pattern.Replace("%d", i.ToString(System.Globalization.CultureInfo.InvariantCulture), StringComparison.Ordinal);
        }

        return names;
    }
}
