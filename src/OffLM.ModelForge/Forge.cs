using OffLM.ModelForge.Decoder;
using OffLM.ModelForge.Encoder;
using OffLM.ModelForge.Files;
using OffLM.ModelForge.Onnx;
using OffLM.ModelForge.Tokenizer;

namespace OffLM.ModelForge;

/// <summary>
/// Writes models with random weights that ONNX Runtime GenAI loads and runs like real ones: for tests, for benchmarks
/// at a real model's dimensions. Or one with trained weights: the starter model that comes with the program.
/// </summary>
public static class Forge
{
    /// <summary>Writes a model folder; a model written there before is replaced.</summary>
    /// <param name="directory">The folder; made if missing. It must hold nothing but an earlier model of the forge.</param>
    /// <param name="recipe">The model's dimensions and seed.</param>
    /// <exception cref="RecipeException">The recipe is out of range; nothing was written.</exception>
    /// <exception cref="IOException">The folder holds other files, or the disk refused.</exception>
    public static ForgedModel Write(string directory, ModelRecipe recipe)
    {
        RecipeRules.Check(recipe);
        Begin(directory);
        var ids = new TokenIds(recipe.EffectiveTokenizerVocabulary);
        var parameters = WriteGraph(directory, recipe.Half, graph => DecoderGraph.Build(recipe, graph));
        WriteTokenizer(Path.Combine(directory, ModelFile.Tokenizer), recipe, ids);
        TokenizerConfigFile.Write(Path.Combine(directory, ModelFile.TokenizerConfig), recipe.Context, ids, recipe.Trained?.ChatTemplate ?? ChatTemplate.Text);
        GenAiConfigFile.Write(Path.Combine(directory, ModelFile.GenAiConfig), recipe, ids);
        ManifestFile.Write(directory, recipe, parameters);
        return Done(directory, parameters);
    }

    /// <summary>Writes the folder of a model that makes embeddings; a model written there before is replaced.</summary>
    /// <param name="directory">The folder; made if missing. It must hold nothing but an earlier model of the forge.</param>
    /// <param name="recipe">The model's dimensions and seed.</param>
    /// <exception cref="RecipeException">The recipe is out of range; nothing was written.</exception>
    /// <exception cref="IOException">The folder holds other files, or the disk refused.</exception>
    public static ForgedModel Write(string directory, EncoderRecipe recipe)
    {
        RecipeRules.Check(recipe);
        Begin(directory);
        File.Delete(Path.Combine(directory, ModelFile.GenAiConfig));
        var ids = new TokenIds(recipe.Vocabulary);
        var parameters = WriteGraph(directory, half: false, graph => EncoderGraph.Build(recipe, graph));
        TokenizerFile.Write(Path.Combine(directory, ModelFile.Tokenizer), ids);
        TokenizerConfigFile.Write(Path.Combine(directory, ModelFile.TokenizerConfig), recipe.Context, ids, chatTemplate: null);
        ManifestFile.Write(directory, recipe, ids, parameters);
        return Done(directory, parameters);
    }

    /// <summary>Writes the folder of an adapter; one written there before is replaced.</summary>
    /// <param name="directory">The folder; made if missing. It must hold nothing but an earlier adapter of the forge.</param>
    /// <param name="recipe">The adapter, and the model that it is for.</param>
    /// <exception cref="RecipeException">The model takes no adapters; nothing was written.</exception>
    public static void Write(string directory, AdapterRecipe recipe)
    {
        RecipeRules.Check(recipe);
        Begin(directory);
        AdapterInputs.Write(Path.Combine(directory, ModelFile.Adapter), recipe);
        ManifestFile.Write(directory, recipe);
    }

    private static void Begin(string directory)
    {
        Directory.CreateDirectory(directory);
        RefuseForeignFiles(directory);

        // The manifest comes last and goes first: a folder with a manifest is whole.
        File.Delete(Path.Combine(directory, ModelFile.Manifest));
    }

    private static ForgedModel Done(string directory, long parameters) =>
        new(parameters, new DirectoryInfo(directory).EnumerateFiles().Sum(file => file.Length));

    private static long WriteGraph(string directory, bool half, Func<OnnxGraph, long> build)
    {
        using var data = new ExternalDataFile(Path.Combine(directory, ModelFile.Weights));
        var graph = new OnnxGraph(data, half);
        var parameters = build(graph);
        File.WriteAllBytes(Path.Combine(directory, ModelFile.Graph), graph.ToModelProto());
        return parameters;
    }

    private static void WriteTokenizer(string path, ModelRecipe recipe, TokenIds ids)
    {
        if (recipe.Trained is { } trained)
        {
            File.Copy(trained.TokenizerPath, path, overwrite: true);
        }
        else
        {
            TokenizerFile.Write(path, ids);
        }
    }

    private static void RefuseForeignFiles(string directory)
    {
        foreach (var path in Directory.EnumerateFileSystemEntries(directory))
        {
            var name = Path.GetFileName(path);
            if (name is not (ModelFile.Manifest or ModelFile.Adapter) && !ModelFile.Described.Contains(name))
            {
                throw new IOException($"{directory} holds '{name}', which is no part of a forged model; choose an empty or new folder");
            }
        }
    }
}
