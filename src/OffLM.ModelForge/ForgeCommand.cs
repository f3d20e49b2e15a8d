using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Numerics;

namespace OffLM.ModelForge;

/// <summary>The command line: a preset, changed dimension by dimension.</summary>
internal sealed class ForgeCommand
{
    private const int ExitDone = 0;
    private const int ExitFailed = 1;
    private const int ExitUsage = 2;

    private readonly Option<string> _preset = new("--preset")
    {
        Description = $"Where the dimensions come from: {string.Join(", ", ModelRecipe.PresetNames.Concat(EncoderRecipe.PresetNames))}",
        DefaultValueFactory = _ => ModelRecipe.PresetNames[0],
    };

    private readonly Option<string?> _trained = new("--trained")
    {
        Description = "Folder of a trained Qwen2-style model in Hugging Face's layout, which gives dimensions and weights in place of the preset",
    };

    private readonly Option<string> _out = new("--out") { Description = "Folder to write, new or empty", Required = true };
    private readonly Option<string?> _name = new("--name") { Description = "The model's name" };
    private readonly Option<ulong?> _seed = Number<ulong>("--seed", "Decides every weight");
    private readonly Option<int?> _layers = Number<int>("--layers", "Transformer layers");
    private readonly Option<int?> _hidden = Number<int>("--hidden", "Width of the residual stream, a multiple of the block");
    private readonly Option<int?> _heads = Number<int>("--heads", "Query heads; hidden / heads is a multiple of 16");
    private readonly Option<int?> _kvHeads = Number<int>("--kv-heads", "Key and value heads, a divisor of heads");
    private readonly Option<int?> _intermediate = Number<int>("--intermediate", "Width of the feed-forward layer, a multiple of the block");
    private readonly Option<int?> _vocabulary = Number<int>("--vocabulary", "Rows of the embedding and the head");
    private readonly Option<int?> _tokenizerVocabulary = Number<int>(
        "--tokenizer-vocabulary", "Tokens the tokenizer knows (as many as the vocabulary)");
    private readonly Option<int?> _context = Number<int>("--context", "Longest sequence in tokens");
    private readonly Option<int?> _threads = Number<int>("--threads", "Threads the engine is told to use (its own choice)");
    private readonly Option<bool?> _prune = new("--prune") { Description = "Logits for the last token only", HelpName = "true|false" };
    private readonly Option<bool?> _tied = new("--tied") { Description = "The head is the embedding too", HelpName = "true|false" };

    private readonly Option<int?> _block = Number<int>("--block", "Weights that share a scale: 32, 64 or 128");
    private readonly Option<bool?> _standard = new("--standard") { Description = "Operators of the ONNX standard alone, for TensorRT", HelpName = "true|false" };
    private readonly Option<bool?> _half = new("--half") { Description = "16-bit floats, as models for GPUs have", HelpName = "true|false" };
    private readonly Option<string?> _pooling = new("--pooling") { Description = "Encoders: how token vectors become one", HelpName = "mean|cls|last" };

    /// <summary>Runs the program: 0 written, 1 the disk refused, 2 wrong usage or dimensions.</summary>
    public static int Run(string[] args, TextWriter output, TextWriter errors)
    {
        var command = new ForgeCommand();
        var parsed = command.Root().Parse(args);
        if (parsed.Errors.Count > 0)
        {
            foreach (var error in parsed.Errors)
            {
                errors.WriteLine($"model-forge: {error.Message}");
            }

            errors.WriteLine("Try model-forge --help.");
            return ExitUsage;
        }

        return parsed.Invoke(new InvocationConfiguration { Output = output, Error = errors, EnableDefaultExceptionHandler = false });
    }

    private static Option<T?> Number<T>(string name, string description)
        where T : struct, IBinaryInteger<T>, IMinMaxValue<T> => new(name)
        {
            Description = description,
            HelpName = "number",
            CustomParser = result =>
            {
                var text = result.Tokens[0].Value;
                if (T.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value))
                {
                    return value;
                }

                result.AddError($"{name[2..]} is '{text}'; it must be a whole number from {T.MinValue} to {T.MaxValue}");
                return null;
            },
        };

    private RootCommand Root()
    {
        var root = new RootCommand("Writes a Qwen2-style int4 ONNX model, or a BERT-style encoder, with random or trained weights.")
        {
            _preset, _trained, _out, _name, _seed, _layers, _hidden, _heads, _kvHeads, _intermediate,
            _vocabulary, _tokenizerVocabulary, _context, _threads, _prune, _tied, _block, _standard, _half, _pooling,
        };
        root.SetAction(Execute);
        return root;
    }

    private int Execute(ParseResult parsed)
    {
        var (output, errors) = (parsed.InvocationConfiguration.Output, parsed.InvocationConfiguration.Error);
        try
        {
            var directory = parsed.GetRequiredValue(_out);
            var started = Stopwatch.GetTimestamp();
            var (name, model) = EncoderRecipe.Preset(parsed.GetRequiredValue(_preset)) is { } preset
                ? Write(directory, Recipe(parsed, preset))
                : Write(directory, Recipe(parsed));
            output.WriteLine(
                $"{directory}: {name}, {model.Parameters} parameters, {model.Bytes} bytes, " +
                $"{Stopwatch.GetElapsedTime(started).TotalSeconds:F1} s");
            return ExitDone;
        }
        catch (RecipeException e)
        {
            errors.WriteLine($"model-forge: {e.Message}");
            return ExitUsage;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            errors.WriteLine($"model-forge: {e.Message}");
            return ExitFailed;
        }
    }

    private static (string Name, ForgedModel Model) Write(string directory, ModelRecipe recipe) => (recipe.Name, Forge.Write(directory, recipe));

    private static (string Name, ForgedModel Model) Write(string directory, EncoderRecipe recipe) => (recipe.Name, Forge.Write(directory, recipe));

    private EncoderRecipe Recipe(ParseResult parsed, EncoderRecipe preset)
    {
        Option[] decoders = [_kvHeads, _tokenizerVocabulary, _threads, _prune, _tied, _block, _half];
        return Array.Find(decoders, option => parsed.GetResult(option) is not null) is { } wrong
            ? throw new RecipeException($"{wrong.Name} is for models that answer; preset '{parsed.GetRequiredValue(_preset)}' makes embeddings")
            : preset with
            {
                Name = parsed.GetValue(_name) ?? preset.Name,
                Seed = parsed.GetValue(_seed) ?? preset.Seed,
                Layers = parsed.GetValue(_layers) ?? preset.Layers,
                Hidden = parsed.GetValue(_hidden) ?? preset.Hidden,
                Heads = parsed.GetValue(_heads) ?? preset.Heads,
                Intermediate = parsed.GetValue(_intermediate) ?? preset.Intermediate,
                Vocabulary = parsed.GetValue(_vocabulary) ?? preset.Vocabulary,
                Context = parsed.GetValue(_context) ?? preset.Context,
                Pooling = parsed.GetValue(_pooling) ?? preset.Pooling,
            };
    }

    private ModelRecipe Recipe(ParseResult parsed)
    {
        var preset = parsed.GetValue(_trained) is { } trained
            ? ModelRecipe.OfTrained(trained)
            : ModelRecipe.Preset(parsed.GetRequiredValue(_preset));
        return preset with
        {
            Name = parsed.GetValue(_name) ?? preset.Name,
            Seed = parsed.GetValue(_seed) ?? preset.Seed,
            Layers = parsed.GetValue(_layers) ?? preset.Layers,
            Hidden = parsed.GetValue(_hidden) ?? preset.Hidden,
            Heads = parsed.GetValue(_heads) ?? preset.Heads,
            KvHeads = parsed.GetValue(_kvHeads) ?? preset.KvHeads,
            Intermediate = parsed.GetValue(_intermediate) ?? preset.Intermediate,
            Vocabulary = parsed.GetValue(_vocabulary) ?? preset.Vocabulary,
            TokenizerVocabulary = parsed.GetValue(_tokenizerVocabulary) ?? preset.TokenizerVocabulary,
            Context = parsed.GetValue(_context) ?? preset.Context,
            Threads = parsed.GetValue(_threads) ?? preset.Threads,
            Prune = parsed.GetValue(_prune) ?? preset.Prune,
            Tied = parsed.GetValue(_tied) ?? preset.Tied,
            Block = parsed.GetValue(_block) ?? preset.Block,
            Standard = parsed.GetValue(_standard) ?? preset.Standard,
            Half = parsed.GetValue(_half) ?? preset.Half,
        };
    }
}
