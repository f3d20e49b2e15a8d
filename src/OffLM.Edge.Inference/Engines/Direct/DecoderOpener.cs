using System.Globalization;
using OffLM.Edge.Inference.Interop.OnnxRuntime;

namespace OffLM.Edge.Inference;

/// <summary>Opens a model's graph on an execution provider.</summary>
/// <param name="folder">The model's.</param>
/// <param name="kind">How its cache goes in and out.</param>
/// <param name="graph">How it is fed.</param>
/// <param name="settings">The model's limits.</param>
/// <param name="options">Threads and memory.</param>
internal sealed class DecoderOpener(string folder, GraphKind kind, DecoderSettings graph, GenAiSettings settings, DirectOptions options)
{
    /// <summary>ONNX Runtime's name for a GPU's memory.</summary>
    private const string CudaMemory = "Cuda";

    /// <exception cref="InferenceException">It can't be opened there, or doesn't compute what is expected.</exception>
    internal OpenedDecoder Open(ProviderRung rung)
    {
        if (rung.Name == ProviderRung.TensorRt && kind == GraphKind.SharedCache)
        {
            throw new InferenceException("it knows the operators of the ONNX standard only, and this model's graph has GroupQueryAttention");
        }

        using var session = new OrtSessionOptions();
        session.Threads = options.Threads == 0 ? graph.Threads : options.Threads;
        if (kind == GraphKind.GrowingCache)
        {
            // 4-bit weights are multiplied with 8-bit activations, as GroupQueryAttention's graphs ask for themselves: ten times faster on a CPU.
            session.Set("session.qdq_matmulnbits_accuracy_level", "4");
        }

        if (rung.Name != ProviderRung.Cpu)
        {
            session.Set("session.record_ep_graph_assignment_info", "1");
        }

        ProviderLadder.Add(session, rung, options.Providers, options.EngineCache, kind == GraphKind.GrowingCache ? Profile() : null);
        return Open(rung, session);
    }

    private int RowsOf(long rowBytes) => (int)Math.Clamp(options.CacheBytes / rowBytes, 1, options.Rows);

    private int GrowingRows => RowsOf(GrowingDecoder.RowBytes(graph, settings.ContextLength));

    private DirectDecoder Shared(OrtSession session, ProviderRung rung, OrtElementType type)
    {
        // CUDA's GroupQueryAttention takes 16-bit floats only; with others it is the CPU's, and so is the cache.
        var device = options.CacheDevice ?? (rung.Name == ProviderRung.Cuda && type == OrtElementType.Float16 ? CudaMemory : null);
        var number = rung.Options.TryGetValue("device_id", out var id) && int.TryParse(id, CultureInfo.InvariantCulture, out var given) ? given : 0;
        for (var rows = RowsOf(KeyValueCache.RowBytes(graph.Layers, graph.KeyValueHeads, graph.HeadSize, settings.ContextLength, type)); ; rows /= 2)
        {
            try
            {
                return new DirectDecoder(
                    session, graph, type, rows, settings.ContextLength, settings.VocabularySize,
                    device is null ? null : bytes => new OrtDeviceMemory(session, device, number, bytes));
            }
            catch (InferenceException) when (device is not null && rows > 1)
            {
                // A device has less memory, or others have taken it.
            }
        }
    }

    private OpenedDecoder Open(ProviderRung rung, OrtSessionOptions sessionOptions)
    {
        var session = OpenSession(rung, sessionOptions);
        IDirectDecoder? decoder = null;
        try
        {
            var type = DirectGraph.CheckValues(session, kind, graph, settings.VocabularySize);
            decoder = kind == GraphKind.SharedCache
                ? Shared(session, rung, type)
                : new GrowingDecoder(session, graph, GrowingRows, settings.ContextLength, settings.VocabularySize);
            if (kind == GraphKind.GrowingCache || !session.IsOnCpu || decoder.Cache.IsOnDevice)
            {
                decoder.Try();
            }

            return new OpenedDecoder(decoder, rung.Name, session.IsOnCpu ? null : session.CountNodes());
        }
        catch
        {
            if (decoder is null)
            {
                session.Dispose();
            }

            decoder?.Dispose();
            throw;
        }
    }

    private OrtSession OpenSession(ProviderRung rung, OrtSessionOptions sessionOptions)
    {
        var path = Path.Combine(folder, graph.FileName);
        if (rung.Name != ProviderRung.Cpu || kind != GraphKind.SharedCache || DecoderHead.Change(path, graph.Logits, settings.VocabularySize) is not { } changed)
        {
            return new OrtSession(path, sessionOptions);
        }

        sessionOptions.Set("session.model_external_initializers_file_folder_path", Path.GetDirectoryName(path)!);
        return new OrtSession(changed, sessionOptions);
    }

    private ProviderSettings.ShapeProfile Profile() =>
        new(graph, graph.NamesPositionIds, GrowingRows, GrowingDecoder.Piece, (settings.ContextLength + KeyValueCache.LengthStep - 1) / KeyValueCache.LengthStep * KeyValueCache.LengthStep);
}

/// <summary>A model's graph, ready to be fed.</summary>
/// <param name="Decoder">Feeds it.</param>
/// <param name="Provider">The execution provider that computes it.</param>
/// <param name="Placement">Where its nodes are computed; null if it can't be told, or all are the CPU's.</param>
internal sealed record OpenedDecoder(IDirectDecoder Decoder, string Provider, NodePlacement? Placement);
