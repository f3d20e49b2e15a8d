using OffLM.ModelForge;

namespace OffLM.Edge.Inference.Tests.Support;

/// <summary>A forged model of 1.4 MB, loaded once for a class's tests.</summary>
public class TinyModel : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly ModelRecipe _recipe;
    private DirectEngine? _direct;

    public TinyModel()
        : this(ModelRecipe.Tiny)
    {
    }

    protected TinyModel(ModelRecipe recipe)
    {
        _recipe = recipe;
        Folder = _folder.Path("tiny");
        Forge.Write(Folder, recipe);
        Engine = GenAiEngine.Load(Folder, threads: 1);
    }

    public string Folder { get; }

    /// <summary>The same model in operators of the ONNX standard.</summary>
    public string StandardFolder => Variant("tiny-standard", _recipe with { Standard = true });

    /// <summary>The same model with scores after each token.</summary>
    public string UnprunedFolder => Variant("tiny-unpruned", _recipe with { Prune = false });

    public GenAiEngine Engine { get; }

    /// <summary>The same model in our own decode loop.</summary>
    internal DirectEngine Direct => _direct ??= DirectEngine.Load(Folder, new DirectOptions(Threads: 1, Rows: 8, CacheBytes: 1L << 30));

    /// <summary>A prompt of so many ordinary tokens.</summary>
    public static int[] Prompt(int tokens, int variant = 0) => [.. Enumerable.Range(0, tokens).Select(i => ((i * 37) + 11 + variant) % 900)];

    public static GenerationRequest Greedy(int[] prompt, int maxNewTokens) => new()
    {
        Prompt = prompt,
        MaxNewTokens = maxNewTokens,
        Sampling = new SamplingOptions { Seed = 1, Temperature = 0 },
    };

    public void Dispose()
    {
        Engine.Dispose();
        _direct?.Dispose();
        _folder.Dispose();
        GC.SuppressFinalize(this);
    }

    private string Variant(string name, ModelRecipe recipe)
    {
        var folder = _folder.Path(name);
        if (!Directory.Exists(folder))
        {
            Forge.Write(folder, recipe);
        }

        return folder;
    }
}
