using System.Diagnostics;
using System.Runtime.InteropServices;
using OffLM.Edge.Inference.Interop.GenAi;

namespace OffLM.Edge.Inference.Tests.Support;

/// <summary>Native libraries are loaded once per process: what depends on how is tried in a process of its own.</summary>
internal static class ChildProgram
{
    /// <summary>Loads a model as the product does, with each engine, and computes a few tokens.</summary>
    public const string Generate = "generate";

    /// <summary>The same without the product's precautions, to show that the test would notice.</summary>
    public const string GenerateCarelessly = "generate-carelessly";

    /// <summary>Loads a model with another base folder, the second argument.</summary>
    public const string LoadElsewhere = "load-elsewhere";

    /// <summary>Loads a model with all execution providers to choose from and the libraries of a folder, the second argument, and computes a few tokens.</summary>
    public const string Climb = "climb";

    /// <summary>Tries all execution providers before anything was loaded.</summary>
    public const string TryProviders = "try-providers";

    public static int Main(string[] args)
    {
        try
        {
            switch (args)
            {
                case [Generate, var model]:
                    foreach (var load in (Func<IEngine>[])[() => GenAiEngine.Load(model), () => DirectEngine.Load(model, new DirectOptions(0, 2, 1L << 30))])
                    {
                        using var engine = load();
                        using var slot = engine.CreateSlot(50);
                        slot.Prefill(engine.Encode("hello"));
                        Console.WriteLine($"{engine.Description.Name}: {slot.Logits.Length} logits");
                    }

                    return 0;
                case [GenerateCarelessly, var model]:
                    Carelessly(model);
                    return 0;
                case [LoadElsewhere, var model, var folder]:
                    AppContext.SetData("APP_CONTEXT_BASE_DIRECTORY", folder);
                    GenAiEngine.Load(model).Dispose();
                    return 0;
                case [TryProviders]:
                    foreach (var (provider, problem) in ProviderLadder.Try(AllProviders))
                    {
                        Console.WriteLine($"{provider}: {problem ?? "works"}");
                    }

                    return 0;
                case [Climb, var model, var folder]:
                    InferenceLibraries.Folder = folder;
                    using (var engine = EngineLoader.Load(model, new ModelHostOptions { Providers = AllProviders }))
                    {
                        foreach (var failed in engine.Description.Failed)
                        {
                            Console.WriteLine($"{failed.Provider}: {failed.Reason}");
                        }

                        using var slot = engine.CreateSlot(50);
                        slot.Prefill(engine.Encode("hello"));
                        Console.WriteLine($"{engine.Description.Provider}: {slot.Logits.Length} logits");
                    }

                    return 0;
                default:
                    return 2;
            }
        }
        catch (ModelLoadException e)
        {
            Console.WriteLine(e.OwnerMessage);
            return 1;
        }
    }

    private static ProviderRung[] AllProviders => [.. ProviderRung.Names.Select(name => new ProviderRung(name, new Dictionary<string, string>()))];

    /// <summary>Runs this assembly with a home folder of its own and nothing in the environment that changes telemetry.</summary>
    public static async Task<(int Exit, string Output)> RunAsync(string home, params string[] args)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["HOME"] = home, ["XDG_CACHE_HOME"] = null, ["CI"] = null, ["ORT_DISABLE_TELEMETRY"] = null, ["OFFLM_NATIVE_DIR"] = null },
        };
        start.ArgumentList.Add("exec");
        start.ArgumentList.Add(typeof(ChildProgram).Assembly.Location);
        Array.ForEach(args, start.ArgumentList.Add);
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, await output + await errors);
    }

    private static void Carelessly(string model)
    {
        NativeLibrary.Load(Path.Combine(AppContext.BaseDirectory, "libonnxruntime.so.1"));
        var genAi = NativeLibrary.Load(Path.Combine(AppContext.BaseDirectory, "libonnxruntime-genai.so"));
        NativeLibrary.SetDllImportResolver(typeof(GenAiEngine).Assembly, (name, _, _) => name == InferenceLibraries.GenAi ? genAi : 0);
        using var loaded = GenAiModel.Load(model, "{}");
        using var generator = new GenAiGenerator(loaded, 50, 1024);
        generator.Append([1, 2, 3]);
    }
}
