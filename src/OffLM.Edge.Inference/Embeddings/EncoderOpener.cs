using OffLM.Edge.Inference.Interop.OnnxRuntime;

namespace OffLM.Edge.Inference;

/// <summary>Opens an encoder's graph on an execution provider.</summary>
/// <param name="folder">The model's.</param>
/// <param name="settings">How it makes embeddings.</param>
/// <param name="context">Tokens of a sequence at most.</param>
/// <param name="options">Threads and providers.</param>
internal sealed class EncoderOpener(string folder, EmbeddingSettings settings, int context, EncoderOptions options)
{
    /// <exception cref="InferenceException">It can't be opened there, or doesn't compute what is expected.</exception>
    internal OpenedEncoder Open(ProviderRung rung)
    {
        using var session = new OrtSessionOptions();
        session.Threads = options.Threads;
        if (rung.Name == ProviderRung.Cpu)
        {
            return Open(rung, session, int.MaxValue);
        }

        session.Set("session.record_ep_graph_assignment_info", "1");
        var shapes = new EncoderShapes(context);
        ProviderLadder.Add(session, rung, options.Providers, options.EngineCache, shapes);
        return Open(rung, session, rung.Name == ProviderRung.TensorRt ? shapes.Rows : int.MaxValue);
    }

    private OpenedEncoder Open(ProviderRung rung, OrtSessionOptions sessionOptions, int rows)
    {
        var session = new OrtSession(Path.Combine(folder, settings.Graph), sessionOptions);
        EncoderInputs? inputs = null;
        try
        {
            inputs = new EncoderInputs(session, settings);
            if (!session.IsOnCpu)
            {
                inputs.Try(Math.Min(context, settings.Vocabulary));
            }

            return new OpenedEncoder(inputs, rows, rung.Name, session.IsOnCpu ? null : session.CountNodes());
        }
        catch
        {
            if (inputs is null)
            {
                session.Dispose();
            }

            inputs?.Dispose();
            throw;
        }
    }
}

/// <summary>An encoder's graph, ready to be fed.</summary>
/// <param name="Inputs">Feeds it.</param>
/// <param name="Rows">Sequences that it takes together at most.</param>
/// <param name="Provider">The execution provider that computes it.</param>
/// <param name="Placement">Where its nodes are computed; null if it can't be told, or all are the CPU's.</param>
internal sealed record OpenedEncoder(EncoderInputs Inputs, int Rows, string Provider, NodePlacement? Placement);
