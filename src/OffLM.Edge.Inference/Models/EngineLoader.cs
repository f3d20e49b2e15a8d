using OffLM.Edge.Inference.Interop.LibC;

namespace OffLM.Edge.Inference;

/// <summary>Loads a model with the engine that was chosen for it.</summary>
internal static class EngineLoader
{
    /// <summary>Takes seconds for a large model.</summary>
    /// <exception cref="ModelLoadException">The libraries are missing, or the model can't be loaded; says why.</exception>
    internal static IModelEngine Load(StoredModel model, ModelHostOptions options) => model.Manifest.Embedding is null
        ? Load(model.Folder, options)
        : Settled(EmbeddingEngine.Load(model.Folder, model.Manifest, new EncoderOptions(options.Threads) { Providers = options.Providers, EngineCache = options.EngineCache }), options);

    /// <summary>Loads a model that answers.</summary>
    /// <exception cref="ModelLoadException">The libraries are missing, or the model can't be loaded; says why.</exception>
    internal static IEngine Load(string folder, ModelHostOptions options) => Settled(Open(folder, options), options);

    /// <summary>The first answer does not wait for it: moving a gigabyte takes seconds.</summary>
    private static T Settled<T>(T engine, ModelHostOptions options)
    {
        if (options.HugePages)
        {
            new Thread(() => HugePages.Gather()) { IsBackground = true, Name = "huge pages" }.Start();
        }

        return engine;
    }

    private static IEngine Open(string folder, ModelHostOptions options)
    {
        if (options.Engine == EngineChoice.GenAi)
        {
            return GenAiEngine.Load(folder, options.Threads);
        }

        try
        {
            var rows = options.Scheduler.MaxActive + options.Scheduler.IdleSlots;
            return DirectEngine.Load(folder, new DirectOptions(options.Threads, rows, DirectOptions.DefaultCacheBytes)
            {
                Providers = options.Providers,
                EngineCache = options.EngineCache,
            });
        }
        catch (UnknownGraphException e)
        {
            return GenAiEngine.Load(folder, options.Threads, $"not computed directly: {e.Message}");
        }
    }
}
