using OffLM.Edge.Inference.Interop.OnnxRuntime;

namespace OffLM.Edge.Inference;

/// <summary>Execution providers in the order in which they are wanted. The first that works is used; why the ones before don't is kept.</summary>
public static class ProviderLadder
{
    private static readonly ProviderRung LastRung = new(ProviderRung.Cpu, new Dictionary<string, string>());

    /// <summary>Tries each execution provider with a graph of one node: whether its libraries are there, its settings are right and its device answers.
    /// Loads the libraries.</summary>
    /// <param name="rungs">In the order in which they are wanted.</param>
    /// <returns>What each says against it; null for those that work.</returns>
    /// <exception cref="ModelLoadException">There is no ONNX Runtime.</exception>
    public static IReadOnlyList<(string Provider, string? Problem)> Try(IReadOnlyList<ProviderRung> rungs)
    {
        InferenceLibraries.Load();
        var stub = StubGraph.Write("input", "output", 1);
        List<(string, string?)> found = [];
        foreach (var rung in Complete(rungs))
        {
            string? problem = null;
            try
            {
                using var options = new OrtSessionOptions();
                Add(options, rung, rungs, null, null);
                using var session = new OrtSession(stub, options);
            }
            catch (InferenceException e)
            {
                problem = Reason(e);
            }

            found.Add((rung.Name, problem));
        }

        return found;
    }

    /// <summary>Goes up to the first rung that a model can be opened on.</summary>
    /// <param name="rungs">In the order in which they are wanted.</param>
    /// <param name="open">Opens the model on one.</param>
    /// <param name="failed">Takes those that it can't be opened on.</param>
    /// <returns>What was opened.</returns>
    /// <exception cref="InferenceException">Not even the CPU can; the reason is the CPU's.</exception>
    internal static T Climb<T>(IReadOnlyList<ProviderRung> rungs, Func<ProviderRung, T> open, List<ProviderFailure> failed)
        where T : class
    {
        foreach (var rung in Complete(rungs))
        {
            try
            {
                return open(rung);
            }
            catch (InferenceException e) when (rung.Name != ProviderRung.Cpu)
            {
                failed.Add(new ProviderFailure(rung.Name, Reason(e)));
            }
        }

        throw new InvalidOperationException("The ladder has no last rung.");
    }

    /// <summary>Makes a session use an execution provider.</summary>
    /// <param name="options">The session's.</param>
    /// <param name="rung">Which.</param>
    /// <param name="rungs">All: what TensorRT leaves is CUDA's, with CUDA's settings.</param>
    /// <param name="engineCache">Where it keeps what it compiled; null for nowhere.</param>
    /// <param name="shapes">What the graph's inputs take; null if that is not known.</param>
    /// <exception cref="InferenceException">It can't be had.</exception>
    internal static void Add(
        OrtSessionOptions options, ProviderRung rung, IReadOnlyList<ProviderRung> rungs, string? engineCache, IInputShapes? shapes)
    {
        switch (rung.Name)
        {
            case ProviderRung.TensorRt:
                options.AddTensorRt(ProviderSettings.TensorRt(rung.Options, engineCache, shapes));

                // It takes whole parts of a graph only; CUDA computes the rest, and the CPU what is left then.
                var cuda = rungs.FirstOrDefault(r => r.Name == ProviderRung.Cuda)?.Options;
                options.AddCuda(ProviderSettings.Cuda(cuda ?? LastRung.Options));
                break;
            case ProviderRung.Cuda:
                options.AddCuda(ProviderSettings.Cuda(rung.Options));
                break;
            case not ProviderRung.Cpu:
                throw new InferenceException($"there is no such execution provider here: there are {string.Join(", ", ProviderRung.Names)}");
        }
    }

    /// <summary>Up to the CPU's, which is added if it isn't there: those after it would never be reached.</summary>
    private static List<ProviderRung> Complete(IReadOnlyList<ProviderRung> rungs)
    {
        List<ProviderRung> complete = [];
        foreach (var rung in rungs)
        {
            if (rung.Name == ProviderRung.Cpu)
            {
                break;
            }

            complete.Add(rung);
        }

        complete.Add(LastRung);
        return complete;
    }

    /// <summary>ONNX Runtime's words without places in its sources, and this machine's name and folder.</summary>
    internal static string Reason(InferenceException failure)
    {
        var words = failure.Message;
        words = words[Math.Max(0, words.LastIndexOf("CUDA failure ", StringComparison.Ordinal))..].Split(" ; GPU=")[0];
        words = words.Split(" : FAIL : ")[^1].Trim();
        return InferenceLibraries.LoadedFrom is { Length: > 0 } folder
            ? words.Replace(folder.TrimEnd('/') + "/", "", StringComparison.Ordinal)
            : words;
    }
}
