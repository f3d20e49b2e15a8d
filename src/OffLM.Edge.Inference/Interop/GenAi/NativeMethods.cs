using System.Runtime.InteropServices;

namespace OffLM.Edge.Inference.Interop.GenAi;

/// <summary>The C API of ONNX Runtime GenAI 0.15 (<c>ort_genai_c.h</c>). Every call that returns an address returns an
/// <c>OgaResult*</c>: null when it went well, else an error to be read and destroyed (<see cref="GenAiResult"/>).</summary>
internal static unsafe partial class NativeMethods
{
    private const string Library = InferenceLibraries.GenAi;

    [LibraryImport(Library)]
    internal static partial void OgaSetTelemetryEnabled([MarshalAs(UnmanagedType.I1)] bool enabled);

    [LibraryImport(Library)]
    internal static partial nint OgaResultGetError(nint result);

    [LibraryImport(Library)]
    internal static partial void OgaDestroyResult(nint result);

    [LibraryImport(Library)]
    internal static partial void OgaDestroyString(nint text);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial nint OgaCreateConfig(string folder, out ConfigHandle config);

    [LibraryImport(Library)]
    internal static partial void OgaDestroyConfig(nint config);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial nint OgaConfigOverlay(ConfigHandle config, string json);

    [LibraryImport(Library)]
    internal static partial nint OgaConfigClearProviders(ConfigHandle config);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial nint OgaConfigAddModelData(ConfigHandle config, string fileName, byte* data, nuint length);

    [LibraryImport(Library)]
    internal static partial nint OgaCreateModelFromConfig(ConfigHandle config, out ModelHandle model);

    [LibraryImport(Library)]
    internal static partial void OgaDestroyModel(nint model);

    [LibraryImport(Library)]
    internal static partial nint OgaModelGetDeviceType(ModelHandle model, out nint text);

    [LibraryImport(Library)]
    internal static partial nint OgaCreateGeneratorParams(ModelHandle model, out GeneratorParamsHandle parameters);

    [LibraryImport(Library)]
    internal static partial void OgaDestroyGeneratorParams(nint parameters);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial nint OgaGeneratorParamsSetSearchNumber(GeneratorParamsHandle parameters, string name, double value);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial nint OgaGeneratorParamsSetSearchBool(
        GeneratorParamsHandle parameters, string name, [MarshalAs(UnmanagedType.I1)] bool value);

    [LibraryImport(Library)]
    internal static partial nint OgaCreateGenerator(ModelHandle model, GeneratorParamsHandle parameters, out GeneratorHandle generator);

    [LibraryImport(Library)]
    internal static partial void OgaDestroyGenerator(nint generator);

    [LibraryImport(Library)]
    internal static partial nint OgaGenerator_AppendTokens(GeneratorHandle generator, int* tokens, nuint count);

    [LibraryImport(Library)]
    internal static partial nuint OgaGenerator_TokenCount(GeneratorHandle generator);

    [LibraryImport(Library)]
    internal static partial nint OgaGenerator_RewindTo(GeneratorHandle generator, nuint length);

    [LibraryImport(Library)]
    internal static partial nint OgaGenerator_GetLogits(GeneratorHandle generator, out nint tensor);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial nint OgaGenerator_SetRuntimeOption(GeneratorHandle generator, string key, string value);

    [LibraryImport(Library)]
    internal static partial nint OgaTensorGetData(nint tensor, out void* data);

    [LibraryImport(Library)]
    internal static partial void OgaDestroyTensor(nint tensor);

    [LibraryImport(Library)]
    internal static partial nint OgaCreateTokenizer(ModelHandle model, out TokenizerHandle tokenizer);

    [LibraryImport(Library)]
    internal static partial void OgaDestroyTokenizer(nint tokenizer);

    [LibraryImport(Library)]
    internal static partial nint OgaCreateSequences(out SequencesHandle sequences);

    [LibraryImport(Library)]
    internal static partial void OgaDestroySequences(nint sequences);

    [LibraryImport(Library)]
    internal static partial nuint OgaSequencesGetSequenceCount(SequencesHandle sequences, nuint index);

    [LibraryImport(Library)]
    internal static partial int* OgaSequencesGetSequenceData(SequencesHandle sequences, nuint index);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial nint OgaTokenizerEncode(TokenizerHandle tokenizer, string text, SequencesHandle sequences);

    [LibraryImport(Library)]
    internal static partial nint OgaTokenizerDecode(TokenizerHandle tokenizer, int* tokens, nuint count, out nint text);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial nint OgaTokenizerApplyChatTemplate(
        TokenizerHandle tokenizer, string? template, string messages, string? tools,
        [MarshalAs(UnmanagedType.I1)] bool addGenerationPrompt, out nint text);

    [LibraryImport(Library)]
    internal static partial nint OgaCreateTokenizerStream(TokenizerHandle tokenizer, out TokenizerStreamHandle stream);

    [LibraryImport(Library)]
    internal static partial void OgaDestroyTokenizerStream(nint stream);

    [LibraryImport(Library)]
    internal static partial nint OgaTokenizerStreamDecode(TokenizerStreamHandle stream, int token, out nint text);
}
