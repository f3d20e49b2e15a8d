namespace OffLM.ModelForge.Tests;

/// <summary>Recipes that cannot work are refused before anything is written.</summary>
public sealed class RecipeTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public static TheoryData<ModelRecipe, string> Bad => new()
    {
        { ModelRecipe.Tiny with { Layers = 0 }, "layers is 0; it must be from 1 to 256" },
        { ModelRecipe.Tiny with { Hidden = 100 }, "hidden is 100; it must be a multiple of 32 (the quantisation block), such as 96 or 128" },
        { ModelRecipe.Tiny with { Block = 48 }, "block is 48; choose one of: 32, 64, 128" },
        { ModelRecipe.Tiny with { Block = 64, Intermediate = 288 }, "intermediate is 288; it must be a multiple of 64 (the quantisation block)" },
        { ModelRecipe.Tiny with { Half = true, Standard = true }, "half is for ONNX Runtime's own operators; leave it or standard out" },
        { ModelRecipe.Tiny with { Hidden = 0 }, "hidden is 0; it must be from 32 to 16384" },
        { ModelRecipe.Tiny with { Heads = 3 }, "heads is 3; it must divide hidden, which is 128, without remainder" },
        { ModelRecipe.Tiny with { Heads = 16 }, "heads is 16; it must be from 1 to 8" },
        { ModelRecipe.Tiny with { Hidden = 160 }, "hidden / heads is 40; a head's size must be a multiple of 16" },
        { ModelRecipe.Tiny with { KvHeads = 3 }, "kv-heads is 3; it must divide heads, which is 4, without remainder" },
        { ModelRecipe.Tiny with { KvHeads = 8 }, "kv-heads is 8; it must be from 1 to 4" },
        { ModelRecipe.Tiny with { Intermediate = 33 }, "intermediate is 33; it must be a multiple of 32" },
        { ModelRecipe.Tiny with { Vocabulary = 262 }, "vocabulary is 262; it must be from 263 to 1000000" },
        { ModelRecipe.Tiny with { TokenizerVocabulary = 1025 }, "tokenizer-vocabulary is 1025; it must be from 263 to 1024" },
        { ModelRecipe.Tiny with { Context = 8 }, "context is 8; it must be from 16 to 131072" },
        { ModelRecipe.Tiny with { Threads = 0 }, "threads is 0; it must be from 1 to 1024" },
        { ModelRecipe.Tiny with { Name = "../up" }, "name '../up' must be 1 to 64 letters" },
    };

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Bad))]
    public void A_bad_recipe_is_refused_by_the_name_and_range_of_its_dimension(ModelRecipe recipe, string message)
    {
        var refused = Assert.Throws<RecipeException>(() => Forge.Write(_folder["model"], recipe));

        Assert.Contains(message, refused.Message);
        Assert.False(Directory.Exists(_folder["model"]), "a refused recipe left a folder behind");
    }

    [Fact]
    public void Every_named_preset_exists()
    {
        Assert.All(ModelRecipe.PresetNames, name => Assert.Equal(name, ModelRecipe.Preset(name).Name));
        var refused = Assert.Throws<RecipeException>(() => ModelRecipe.Preset("huge"));
        Assert.Contains("tiny, qwen2.5-0.5b-dims", refused.Message);
    }
}
