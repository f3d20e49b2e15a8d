namespace OffLM.ModelForge;

/// <summary>The dimensions of a BERT-style encoder that makes embeddings, and everything else its files depend on.</summary>
/// <remarks>Two equal recipes give byte-identical files; nothing of the machine or the clock enters them.</remarks>
public sealed record EncoderRecipe
{
    /// <summary>Names accepted by <see cref="Preset"/>.</summary>
    public static readonly IReadOnlyList<string> PresetNames = ["tiny-encoder", "minilm-dims"];

    /// <summary>The model's name in its manifest and in API answers: letters, digits, '.', '_' and '-'.</summary>
    public required string Name { get; init; }

    /// <summary>Number of transformer layers.</summary>
    public required int Layers { get; init; }

    /// <summary>Width of the residual stream, and of an embedding.</summary>
    public required int Hidden { get; init; }

    /// <summary>Attention heads; they share <see cref="Hidden"/> evenly.</summary>
    public required int Heads { get; init; }

    /// <summary>Width of the feed-forward layer.</summary>
    public required int Intermediate { get; init; }

    /// <summary>Rows of the token table; as many tokens does the tokenizer know, special ones included.</summary>
    public required int Vocabulary { get; init; }

    /// <summary>Longest sequence in tokens; also the length of the position table.</summary>
    public required int Context { get; init; }

    /// <summary>Decides every weight.</summary>
    public ulong Seed { get; init; }

    /// <summary>How a sequence's vectors become one: <c>mean</c>, <c>cls</c> or <c>last</c>.</summary>
    public string Pooling { get; init; } = "mean";

    /// <summary>Whether embeddings have length 1.</summary>
    public bool Normalize { get; init; } = true;

    /// <summary>Whether an embedding's beginning is an embedding too.</summary>
    public bool Truncatable { get; init; } = true;

    /// <summary>For tests: about 0.7 MB, a text in a millisecond.</summary>
    public static EncoderRecipe Tiny { get; } = new()
    {
        Name = "tiny-encoder",
        Layers = 2,
        Hidden = 64,
        Heads = 4,
        Intermediate = 128,
        Vocabulary = 1024,
        Context = 512,
    };

    /// <summary>The dimensions of MiniLM-L6, for benchmarks: about 90 MB, the real model's cost without its sense.</summary>
    public static EncoderRecipe MiniLm { get; } = new()
    {
        Name = "minilm-dims",
        Layers = 6,
        Hidden = 384,
        Heads = 12,
        Intermediate = 1536,
        Vocabulary = 30_522,
        Context = 512,
    };

    /// <summary>The preset of that name; null if none has it.</summary>
    public static EncoderRecipe? Preset(string name) => name switch
    {
        "tiny-encoder" => Tiny,
        "minilm-dims" => MiniLm,
        _ => null,
    };
}
