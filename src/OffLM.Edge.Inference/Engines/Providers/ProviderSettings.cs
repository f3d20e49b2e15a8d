using System.Globalization;
using System.Text;

namespace OffLM.Edge.Inference;

/// <summary>What the engine tells an execution provider, unless the board file or the owner says otherwise.</summary>
internal static class ProviderSettings
{
    private const string On = "1";

    /// <summary>Capturing a run as a CUDA graph replays it at the same addresses with the same shapes: here each step's past is longer than the last.</summary>
    private static readonly string[] Captures = ["enable_cuda_graph", "trt_cuda_graph_enable"];

    /// <exception cref="InferenceException">A setting can't be used here.</exception>
    internal static Dictionary<string, string> Cuda(IReadOnlyDictionary<string, string> given) => Merge(given, new(StringComparer.Ordinal)
    {
        // The default doubles what it takes each time: on a board whose GPU shares the memory, others need it.
        ["arena_extend_strategy"] = "kSameAsRequested",
    });

    /// <param name="given">What the rung says.</param>
    /// <param name="cache">The folder for compiled engines and timings; null for none.</param>
    /// <param name="shapes">Of the graph that it is for; null to only try the provider.</param>
    /// <exception cref="InferenceException">A setting can't be used here.</exception>
    internal static Dictionary<string, string> TensorRt(IReadOnlyDictionary<string, string> given, string? cache, IInputShapes? shapes)
    {
        var settings = new Dictionary<string, string>(StringComparer.Ordinal) { ["trt_fp16_enable"] = On };
        if (cache is not null)
        {
            Prepare(cache);
            settings["trt_engine_cache_enable"] = settings["trt_timing_cache_enable"] = On;
            settings["trt_engine_cache_path"] = settings["trt_timing_cache_path"] = cache;
        }

        if (shapes is not null)
        {
            settings["trt_profile_min_shapes"] = shapes.Least;
            settings["trt_profile_opt_shapes"] = shapes.Usual;
            settings["trt_profile_max_shapes"] = shapes.Most;
        }

        return Merge(given, settings);
    }

    private static void Prepare(string cache)
    {
        try
        {
            Directory.CreateDirectory(cache);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InferenceException("the folder for its compiled engines can't be made: let the node write into its state directory");
        }
    }

    private static Dictionary<string, string> Merge(IReadOnlyDictionary<string, string> given, Dictionary<string, string> settings)
    {
        foreach (var (name, value) in given)
        {
            settings[name] = Array.IndexOf(Captures, name) < 0 || value is "0" or "false" or "False"
                ? value
                : throw new InferenceException($"{name} can't be used: a captured run is replayed with the same shapes, and each step here has its own");
        }

        return settings;
    }

    /// <summary>An input's shape, as TensorRT's settings have it.</summary>
    internal static string Shape(string input, params ReadOnlySpan<int> lengths)
    {
        var text = new StringBuilder(input);
        for (var i = 0; i < lengths.Length; i++)
        {
            text.Append(i == 0 ? ':' : 'x').Append(CultureInfo.InvariantCulture, $"{lengths[i]}");
        }

        return text.ToString();
    }

    /// <summary>The shapes that a growing graph's inputs take.</summary>
    /// <param name="Graph">Its names and dimensions.</param>
    /// <param name="HasPositions">Whether it takes positions.</param>
    /// <param name="Rows">Rows at most.</param>
    /// <param name="Sequence">New tokens at most.</param>
    /// <param name="Width">Tokens of the past at most.</param>
    internal sealed record ShapeProfile(DecoderSettings Graph, bool HasPositions, int Rows, int Sequence, int Width) : IInputShapes
    {
        /// <summary>Tokens of a step that TensorRT tunes for.</summary>
        private const int UsualPiece = 1;

        public string Least => Shapes(1, 1, 1);

        public string Usual => Shapes(Rows, UsualPiece, KeyValueCache.LengthStep);

        public string Most => Shapes(Rows, Sequence, Width);

        private string Shapes(int rows, int sequence, int width)
        {
            List<string> shapes = [Shape(Graph.InputIds, rows, sequence), Shape(Graph.AttentionMask, rows, width + sequence)];
            if (HasPositions)
            {
                shapes.Add(Shape(Graph.PositionIds, rows, sequence));
            }

            for (var layer = 0; layer < Graph.Layers; layer++)
            {
                shapes.Add(Shape(Graph.PastKeys[layer], rows, Graph.KeyValueHeads, width, Graph.HeadSize));
                shapes.Add(Shape(Graph.PastValues[layer], rows, Graph.KeyValueHeads, width, Graph.HeadSize));
            }

            return string.Join(',', shapes);
        }
    }
}
