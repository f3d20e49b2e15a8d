namespace OffLM.Edge.Inference.Interop.GenAi;

/// <summary>A model in memory.</summary>
internal sealed unsafe class GenAiModel : IDisposable
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

    /// <summary>Loads what is in the folder but the decoder, in whose place the given graph stands, on the CPU.</summary>
    /// <param name="folder">A folder with <c>genai_config.json</c>.</param>
    /// <param name="decoderFile">The decoder's file name there.</param>
    /// <param name="graph">An ONNX model that takes token ids and gives logits.</param>
    /// <exception cref="InferenceException">The library's reason.</exception>
    internal static GenAiModel LoadWithout(string folder, string decoderFile, ReadOnlySpan<byte> graph)
    {
        GenAiResult.ThrowIfError(NativeMethods.OgaCreateConfig(folder, out var config));
        using (config)
            fixed (byte* data = graph)
            {
                GenAiResult.ThrowIfError(NativeMethods.OgaConfigClearProviders(config));
                GenAiResult.ThrowIfError(NativeMethods.OgaConfigOverlay(
                    config, """{"model":{"decoder":{"session_options":{"intra_op_num_threads":1}}}}"""));
                GenAiResult.ThrowIfError(NativeMethods.OgaConfigAddModelData(config, decoderFile, data, (nuint)graph.Length));
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
