using OffLM.Edge.Tests.Shared.GenAi;

namespace OffLM.ModelForge.Tests;

/// <summary>ONNX Runtime GenAI itself loads and runs what the forge writes.</summary>
public sealed class LoadingTests(TinyModel tiny) : IClassFixture<TinyModel>
{
    [Fact]
    public void Greedy_generation_is_long_enough_and_equal_across_two_loads()
    {
        var prompt = tiny.Loaded.Encode("the question of the");
        var first = tiny.Loaded.Generate(prompt, 48);

        using var second = new GenAiModel(Natives.Folder, tiny.Folder);

        Assert.InRange(first.Length, 16, 48);
        Assert.Equal(first, second.Generate(prompt, 48));
    }

    [Fact]
    public void Different_prompts_are_answered_differently()
    {
        var first = tiny.Loaded.Generate(tiny.Loaded.Encode("the question of the"), 24);
        var second = tiny.Loaded.Generate(tiny.Loaded.Encode("light and water in the garden"), 24);

        Assert.NotEqual(first, second);
        Assert.True(first.Distinct().Count() > 4, $"the model says the same over and over: {string.Join(' ', first)}");
    }

    [Fact]
    public void A_model_of_chance_talks_in_pieces_of_words()
    {
        var text = tiny.Loaded.Decode(tiny.Loaded.Generate(tiny.Loaded.Encode("write a story about light"), 200));

        Assert.True(text.Count(c => char.IsAsciiLetterLower(c) || c == ' ') > text.Length * 0.9, text);
    }

    [Fact]
    public void Most_answers_run_to_the_limit_and_some_end_by_themselves()
    {
        string[] prompts = ["light", "water", "house", "garden", "story", "river", "winter", "music", "reason", "family", "letter", "window"];
        var lengths = prompts.Select(prompt => tiny.Loaded.Generate(tiny.Loaded.Encode(prompt), 300).Length).ToArray();

        Assert.Contains(lengths, length => length < 300);
        Assert.True(lengths.Count(length => length == 300) > lengths.Length / 2, string.Join(' ', lengths));
    }

    [Theory]
    [InlineData("Hello the world: 你好 🎉\n")]
    [InlineData(" leading, trailing  and   inner blanks \t\r\n\n")]
    [InlineData("it's 12345.67 € — naïve Ω ﷽ \u0001\u007f")]
    [InlineData("{\"name\": \"f\", \"arguments\": {\"x\": [1, null, true]}}")]
    public void Text_survives_encoding_and_decoding(string text) =>
        Assert.Equal(text, tiny.Loaded.Decode(tiny.Loaded.Encode(text)));

    [Fact]
    public void Common_words_are_a_token_each() =>
        Assert.Equal(4, tiny.Loaded.Encode(" the water was warm").Length);

    [Fact]
    public void Tool_call_marks_are_one_token_and_stay_visible()
    {
        var tokens = tiny.Loaded.Encode("<tool_call></tool_call><tool_response></tool_response>");

        Assert.Equal(4, tokens.Length);
        Assert.Equal("<tool_call></tool_call><tool_response></tool_response>", tiny.Loaded.Decode(tokens));
    }

    [Fact]
    public void Control_tokens_are_one_token_and_vanish_when_decoded()
    {
        var tokens = tiny.Loaded.Encode("<|im_start|> the<|im_end|><|endoftext|>");

        Assert.Equal(4, tokens.Length);
        Assert.Equal(" the", tiny.Loaded.Decode(tokens));
    }

    public static TheoryData<ModelRecipe> Variants => new(
        ModelRecipe.Tiny with { Tied = true },
        ModelRecipe.Tiny with { Prune = false },
        ModelRecipe.Tiny with { Threads = 1, Layers = 1, Context = 64 },
        ModelRecipe.Tiny with { Hidden = 96, Heads = 6, KvHeads = 3, Intermediate = 32 },
        ModelRecipe.Tiny with { Hidden = 32, Heads = 1, KvHeads = 1, Vocabulary = 263 },
        ModelRecipe.Tiny with { Vocabulary = 2048, TokenizerVocabulary = 2000, Tied = true },
        ModelRecipe.Tiny with { Block = 64, Tied = true },
        ModelRecipe.Tiny with { Block = 128 },
        ModelRecipe.Tiny with { Standard = true },
        ModelRecipe.Tiny with { Standard = true, Tied = true, Prune = false },
        ModelRecipe.Tiny with { Standard = true, Hidden = 32, Heads = 1, KvHeads = 1, Vocabulary = 263 },
        ModelRecipe.Tiny with { Standard = true, Hidden = 96, Heads = 6, KvHeads = 3, Intermediate = 32 });

    [Theory]
    [MemberData(nameof(Variants))]
    public void Every_kind_of_recipe_loads_and_generates(ModelRecipe recipe)
    {
        using var folder = new TemporaryFolder();
        Forge.Write(folder.Root, recipe);

        using var model = new GenAiModel(Natives.Folder, folder.Root);
        var tokens = model.Generate(model.Encode("the"), 8);

        Assert.NotEmpty(tokens);
        Assert.All(tokens, token => Assert.InRange(token, 0, recipe.Vocabulary - 1));
    }

    [Theory]
    [InlineData(false, 32)]
    [InlineData(true, 32)]
    [InlineData(true, 64)]
    [InlineData(true, 128)]
    public void Standard_operators_answer_as_the_runtimes_own_do(bool tied, int block)
    {
        using var folder = new TemporaryFolder();
        using var other = new TemporaryFolder();
        Forge.Write(folder.Root, ModelRecipe.Tiny with { Tied = tied, Block = block });
        Forge.Write(other.Root, ModelRecipe.Tiny with { Tied = tied, Block = block, Standard = true });
        using var contrib = new GenAiModel(Natives.Folder, folder.Root);
        using var standard = new GenAiModel(Natives.Folder, other.Root);
        var prompt = contrib.Encode("how many words are in this");

        // One multiplies 8-bit activations, the other floats: sooner or later two tokens that score alike change places.
        Assert.Equal(contrib.Generate(prompt, 6), standard.Generate(prompt, 6));
    }

    [Fact]
    public void Floats_of_16_bits_make_the_same_model_smaller()
    {
        using var folder = new TemporaryFolder();
        using var other = new TemporaryFolder();
        var whole = Forge.Write(folder.Root, ModelRecipe.Tiny);
        var half = Forge.Write(other.Root, ModelRecipe.Tiny with { Half = true });

        Assert.Equal(whole.Parameters, half.Parameters);
        Assert.True(half.Bytes < 0.7 * whole.Bytes);
        using var model = new GenAiModel(Natives.Folder, other.Root);
        Assert.Equal(8, model.Generate(model.Encode("the"), 8).Length);
    }

    [Fact]
    public void Logits_of_the_last_token_do_not_depend_on_pruning()
    {
        using var folder = new TemporaryFolder();
        Forge.Write(folder.Root, ModelRecipe.Tiny with { Prune = false });
        using var whole = new GenAiModel(Natives.Folder, folder.Root);
        var prompt = whole.Encode("how many words are in this");

        Assert.Equal(whole.Generate(prompt, 24), tiny.Loaded.Generate(prompt, 24));
    }
}
