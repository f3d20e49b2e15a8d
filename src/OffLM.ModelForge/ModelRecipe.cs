namespace OffLM.ModelForge;

/// <summary>The dimensions of a Qwen2-style decoder, and everything else its files depend on.</summary>
/// <remarks>Two equal recipes give byte-identical files; nothing of the machine or the clock enters them.</remarks>
public sealed record ModelRecipe
{
    /// <summary>Names accepted by <see cref="Preset"/>.</summary>
    public static readonly IReadOnlyList<string> PresetNames = ["tiny", "qwen2.5-0.5b-dims"];

    /// <summary>The model's name in its manifest and in API answers: letters, digits, '.', '_' and '-'.</summary>
    public required string Name { get; init; }

    /// <summary>Number of transformer layers.</summary>
    public required int Layers { get; init; }

    /// <summary>Width of the residual stream; a multiple of the quantisation block.</summary>
    public required int Hidden { get; init; }

    /// <summary>Query heads; they share <see cref="Hidden"/> evenly.</summary>
    public required int Heads { get; init; }

    /// <summary>Key and value heads; each serves the same number of query heads.</summary>
    public required int KvHeads { get; init; }

    /// <summary>Width of the feed-forward layer; a multiple of the quantisation block.</summary>
    public required int Intermediate { get; init; }

    /// <summary>Rows of the embedding and of the language-model head.</summary>
    public required int Vocabulary { get; init; }

    /// <summary>Tokens the tokenizer knows, special ones included; null means as many as <see cref="Vocabulary"/>.</summary>
    public int? TokenizerVocabulary { get; init; }

    /// <summary>Longest sequence in tokens; also the length of the rotary tables.</summary>
    public required int Context { get; init; }

    /// <summary>Decides every weight.</summary>
    public ulong Seed { get; init; }

    /// <summary>Threads the engine is told to use; null leaves the choice to it.</summary>
    public int? Threads { get; init; }

    /// <summary>Compute logits for the last token only: what generation needs, and prefill is faster by a third.</summary>
    public bool Prune { get; init; } = true;

    /// <summary>Use the quantised head as the embedding too, as small Qwen models do; otherwise the embedding is float.</summary>
    public bool Tied { get; init; }

    /// <summary>Weights that share a scale: 32, 64 or 128. Larger blocks make a smaller and faster model that rounds more coarsely: with a scale of 32 bits,
    /// a weight takes 5, 4.5 or 4.25 bits.</summary>
    public int Block { get; init; } = 32;

    /// <summary>Use operators of the ONNX standard alone, which other execution providers than the CPU's know too; otherwise ONNX Runtime's own.</summary>
    public bool Standard { get; init; }

    /// <summary>Compute and cache in 16-bit floats, as models for GPUs do; otherwise in 32-bit ones.</summary>
    public bool Half { get; init; }

    /// <summary>Whether LoRA adapters can be added to the attention's projections: their matrices are inputs that are empty unless given.</summary>
    public bool Adaptable { get; init; }

    /// <summary>Where weights, tokenizer and chat template come from; null for random weights and the forge's own tokenizer.</summary>
    internal TrainedModel? Trained { get; init; }

    /// <summary>Width of one attention head.</summary>
    public int HeadSize => Hidden / Heads;

    /// <summary>The tokenizer's size with its default filled in.</summary>
    public int EffectiveTokenizerVocabulary => TokenizerVocabulary ?? Vocabulary;

    /// <summary>For tests and the first start: about 1.4 MB, answers in milliseconds.</summary>
    public static ModelRecipe Tiny { get; } = new()
    {
        Name = "tiny",
        Layers = 2,
        Hidden = 128,
        Heads = 4,
        KvHeads = 2,
        Intermediate = 256,
        Vocabulary = 1024,
        Context = 4096,
    };

    /// <summary>The dimensions of Qwen2.5-0.5B, for benchmarks: about 310 MB, the real model's cost without its sense.</summary>
    public static ModelRecipe Qwen25HalfBillion { get; } = new()
    {
        Name = "qwen2.5-0.5b-dims",
        Layers = 24,
        Hidden = 896,
        Heads = 14,
        KvHeads = 2,
        Intermediate = 4864,
        Vocabulary = 151_936,
        Context = 4096,
        Tied = true,
    };

    /// <summary>The preset of that name.</summary>
    /// <exception cref="RecipeException">No preset has the name; the message lists those there are.</exception>
    public static ModelRecipe Preset(string name) => name switch
    {
        "tiny" => Tiny,
        "qwen2.5-0.5b-dims" => Qwen25HalfBillion,
        _ => throw new RecipeException($"preset '{name}' is not known; choose one of: {string.Join(", ", PresetNames.Concat(EncoderRecipe.PresetNames))}"),
    };

    /// <summary>Dimensions and weights of a trained Qwen2-style model in Hugging Face's layout.</summary>
    /// <param name="folder">Has config.json, model.safetensors, tokenizer.json and chat_template.jinja.</param>
    /// <exception cref="RecipeException">The graph can't express the model; says why.</exception>
    /// <exception cref="IOException">A file is missing or can't be read.</exception>
    public static ModelRecipe OfTrained(string folder) => TrainedModel.Read(folder).Recipe;
}
