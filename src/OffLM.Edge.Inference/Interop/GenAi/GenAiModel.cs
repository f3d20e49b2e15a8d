namespace OffLM.Edge.Inference.Interop.GenAi;

/// <summary>A model in memory.</summary>
internal sealed class GenAiModel : IDisposable
{
    private GenAiModel(ModelHandle handle) => Handle = handle;

    internal ModelHandle Handle { get; }

    /// <param name="folder">A folder with <c>genai_config.json</c>.</param>
    /// <param name="overlay">JSON that is merged over that file.</param>
    /// <exception cref="InferenceException">The library's reason.</exception>
    internal static GenAiModel Load(string folder, string overlay)
    {
        GenAiResult.ThrowIfError(NativeMethods.OgaCreateConfig(folder, out var config));
        using (config)
        {
            GenAiResult.ThrowIfError(NativeMethods.OgaConfigOverlay(config, overlay));
            GenAiResult.ThrowIfError(NativeMethods.OgaCreateModelFromConfig(config, out var model));
            return new GenAiModel(model);
        }
    }

    /// <summary>The device that serves it, for example <c>CPU</c>.</summary>
    internal string DeviceType()
    {
        GenAiResult.ThrowIfError(NativeMethods.OgaModelGetDeviceType(Handle, out var text));
        return GenAiResult.TakeString(text);
    }

    public void Dispose() => Handle.Dispose();
}
