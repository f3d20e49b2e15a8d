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

    private int SharedRows(OrtElementType type) =>
        RowsOf(KeyValueCache.RowBytes(graph.Layers, graph.KeyValueHeads, graph.HeadSize, settings.ContextLength, type));

    private OpenedDecoder Open(ProviderRung rung, OrtSessionOptions sessionOptions)
    {
        var session = OpenSession(rung, sessionOptions);
        IDirectDecoder? decoder = null;
        try
        {
            var type = DirectGraph.CheckValues(session, kind, graph, settings.VocabularySize);
            decoder = kind == GraphKind.SharedCache
                ? new DirectDecoder(session, graph, type, SharedRows(type), settings.ContextLength, settings.VocabularySize)
                : new GrowingDecoder(session, graph, GrowingRows, settings.ContextLength, settings.VocabularySize);
            if (kind == GraphKind.GrowingCache || !session.IsOnCpu)
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
