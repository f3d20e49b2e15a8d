using OffLM.ModelForge.Tokenizer;
using OffLM.ModelForge.Weights;

namespace OffLM.ModelForge;

/// <summary>The limits of a recipe: what the operators of ONNX Runtime and the tokenizer can express.</summary>
internal static class RecipeRules
{
    /// <summary>The rotary kernel works on half heads in steps of eight values.</summary>
    private const int HeadSizeStep = 16;

    /// <summary>Those that ONNX Runtime has fast kernels for.</summary>
    private static readonly int[] _blocks = [32, 64, 128];

    private const int SmallestVocabulary = 256 + SpecialTokens.Count;

    /// <summary>Throws if no loadable model can be made from the recipe.</summary>
    /// <exception cref="RecipeException">The first dimension found to be wrong.</exception>
    public static void Check(ModelRecipe recipe)
    {
        CheckName(recipe.Name);
        InRange("layers", recipe.Layers, 1, 256);
        if (!_blocks.Contains(recipe.Block))
        {
            throw new RecipeException($"block is {recipe.Block}; choose one of: {string.Join(", ", _blocks)}");
        }

        InRange("hidden", recipe.Hidden, 32, 16_384);
        MultipleOf("hidden", recipe.Hidden, recipe.Block, "the quantisation block");
        InRange("heads", recipe.Heads, 1, recipe.Hidden / HeadSizeStep);
        Divides("heads", recipe.Heads, "hidden", recipe.Hidden);
        if (recipe.HeadSize % HeadSizeStep != 0)
        {
            throw new RecipeException(
                $"hidden / heads is {recipe.HeadSize}; a head's size must be a multiple of {HeadSizeStep} for rotary embedding");
        }

        InRange("kv-heads", recipe.KvHeads, 1, recipe.Heads);
        Divides("kv-heads", recipe.KvHeads, "heads", recipe.Heads);
        InRange("intermediate", recipe.Intermediate, 32, 65_536);
        MultipleOf("intermediate", recipe.Intermediate, recipe.Block, "the quantisation block");
        InRange("vocabulary", recipe.Vocabulary, SmallestVocabulary, 1_000_000);
        InRange("tokenizer-vocabulary", recipe.EffectiveTokenizerVocabulary, SmallestVocabulary, recipe.Vocabulary);
        InRange("context", recipe.Context, 16, 131_072);
        if (recipe is { Half: true, Standard: true })
        {
            throw new RecipeException("half is for ONNX Runtime's own operators; leave it or standard out");
        }

        if (recipe.Threads is { } threads)
        {
            InRange("threads", threads, 1, 1024);
        }
    }

    /// <summary>Throws if no loadable encoder can be made from the recipe.</summary>
    /// <exception cref="RecipeException">The first dimension found to be wrong.</exception>
    public static void Check(EncoderRecipe recipe)
    {
        CheckName(recipe.Name);
        InRange("layers", recipe.Layers, 1, 256);
        InRange("hidden", recipe.Hidden, 8, 16_384);
        InRange("heads", recipe.Heads, 1, recipe.Hidden);
        Divides("heads", recipe.Heads, "hidden", recipe.Hidden);
        InRange("intermediate", recipe.Intermediate, 8, 65_536);
        InRange("vocabulary", recipe.Vocabulary, SmallestVocabulary, 1_000_000);
        InRange("context", recipe.Context, 16, 131_072);
        if (recipe.Pooling is not ("mean" or "cls" or "last"))
        {
            throw new RecipeException($"pooling is '{recipe.Pooling}'; it must be mean, cls or last");
        }
    }

    /// <summary>Throws if no adapter can be made from the recipe.</summary>
    /// <exception cref="RecipeException">What was found to be wrong.</exception>
    public static void Check(AdapterRecipe recipe)
    {
        Check(recipe.Base);
        CheckName(recipe.Name);
        InRange("rank", recipe.Rank, 1, recipe.Base.Hidden);
        if (!recipe.Base.Adaptable)
        {
            throw new RecipeException($"{recipe.Base.Name} takes no adapters; its recipe must be adaptable");
        }
    }

    private static void CheckName(string name)
    {
        if (name.Length is 0 or > 64
            || !char.IsAsciiLetterOrDigit(name[0])
            || name.Any(c => !char.IsAsciiLetterOrDigit(c) && c is not ('.' or '_' or '-')))
        {
            throw new RecipeException($"name '{name}' must be 1 to 64 letters, digits, '.', '_' or '-', beginning with a letter or digit");
        }
    }

    private static void InRange(string dimension, int value, int least, int most)
    {
        if (value < least || value > most)
        {
            throw new RecipeException($"{dimension} is {value}; it must be from {least} to {most}");
        }
    }

    private static void MultipleOf(string dimension, int value, int step, string reason)
    {
        if (value % step != 0)
        {
            var below = value / step * step;
            throw new RecipeException($"{dimension} is {value}; it must be a multiple of {step} ({reason}), such as {below} or {below + step}");
        }
    }

    private static void Divides(string dimension, int value, string wholeName, int whole)
    {
        if (whole % value != 0)
        {
            throw new RecipeException($"{dimension} is {value}; it must divide {wholeName}, which is {whole}, without remainder");
        }
    }
}
