using System.Runtime.InteropServices;
using OffLM.ModelForge;

namespace OffLM.Edge.Bench;

/// <summary>Where things are. What takes long to make is made once and kept under <c>artifacts/bench</c>.</summary>
internal sealed class Workspace
{
    /// <summary>The model that speed is measured with.</summary>
    public const string ModelName = "qwen2.5-0.5b-dims";

    private const string GenAiConfig = "genai_config.json";
    private const string SessionOptions = "\"session_options\": {";

    public Workspace(string root)
    {
        Root = root;
        Directory.CreateDirectory(Kept);
    }

    public string Root { get; }

    /// <summary>On the disk that the repository is on: figures of a memory disk would say nothing.</summary>
    public string Kept => Path.Combine(Root, "artifacts", "bench");

    /// <summary>The published folder, with the native libraries.</summary>
    public string Published => Path.Combine(
        Root, "artifacts", "publish", RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? "linux-arm64" : "linux-x64");

    public string Program => Path.Combine(Published, "offlm-edge");

    public string Models => Path.Combine(Kept, "models");

    public string Model => Path.Combine(Models, ModelName);

    /// <summary>The same model for bare GenAI, told to compute with as many threads as there are processors: left to itself it takes fewer than the node does.</summary>
    public string BareModel => Path.Combine(Kept, $"bare-{Environment.ProcessorCount}-threads", ModelName);

    /// <summary>The folder above that has the solution.</summary>
    /// <exception cref="DirectoryNotFoundException">There is none.</exception>
    public static Workspace Find()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "OffLM.Edge.sln")))
            {
                return new Workspace(folder.FullName);
            }
        }

        throw new DirectoryNotFoundException($"No folder above {AppContext.BaseDirectory} holds OffLM.Edge.sln.");
    }

    /// <summary>Makes the model and its baseline's if they aren't there.</summary>
    public void EnsureModel()
    {
        Ensure(ModelRecipe.Preset(ModelName));
        if (!Directory.Exists(BareModel))
        {
            Directory.CreateDirectory(BareModel);
            foreach (var file in Directory.EnumerateFiles(Model))
            {
                var copy = Path.Combine(BareModel, Path.GetFileName(file));
                if (Path.GetFileName(file) == GenAiConfig)
                {
                    File.WriteAllText(copy, File.ReadAllText(file).Replace(
                        SessionOptions, $"{SessionOptions} \"intra_op_num_threads\": {Environment.ProcessorCount},", StringComparison.Ordinal));
                }
                else
                {
                    File.CreateSymbolicLink(copy, file);
                }
            }
        }
    }

    /// <summary>Makes the same model in larger blocks if it isn't there.</summary>
    /// <returns>Its name.</returns>
    public string EnsureModel(int block)
    {
        var recipe = ModelRecipe.Preset(ModelName);
        return block == recipe.Block ? Ensure(recipe) : Ensure(recipe with { Name = $"{ModelName}-block-{block}", Block = block });
    }

    /// <summary>The forge writes the manifest last, so a model that has one is whole.</summary>
    private string Ensure(ModelRecipe recipe)
    {
        var folder = Path.Combine(Models, recipe.Name);
        if (!File.Exists(Path.Combine(folder, "offlm-model.json")))
        {
            Console.Error.WriteLine($"bench: making the model {recipe.Name} (300 MB, once)");
            Forge.Write(folder, recipe);
        }

        return recipe.Name;
    }

    /// <summary>An empty folder that is gone after the run.</summary>
    public TemporaryFolder NewFolder() => new(Path.Combine(Kept, "run-" + Path.GetRandomFileName()));
}
