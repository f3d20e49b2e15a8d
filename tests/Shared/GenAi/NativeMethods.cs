using System.Runtime.InteropServices;

namespace OffLM.Edge.Tests.Shared.GenAi;

/// <summary>The few functions of ort_genai_c.h that tests and the benchmark's baseline call; bound apart from the product's, so that these have
/// none of its code. Each that returns a result returns 0 for success.</summary>
internal static unsafe partial class NativeMethods
{
    public const string Library = "onnxruntime-genai";

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int setenv(string name, string value, int overwrite);

    [LibraryImport(Library)]
    public static partial nint OgaResultGetError(nint result);

    [LibraryImport(Library)]
    public static partial void OgaDestroyResult(nint result);

    [LibraryImport(Library)]
    public static partial void OgaDestroyString(nint text);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial nint OgaCreateModel(string path, out nint model);

    [LibraryImport(Library)]
    public static partial void OgaDestroyModel(nint model);

    [LibraryImport(Library)]
    public static partial nint OgaCreateTokenizer(nint model, out nint tokenizer);

    [LibraryImport(Library)]
    public static partial void OgaDestroyTokenizer(nint tokenizer);

    [LibraryImport(Library)]
    public static partial nint OgaCreateTokenizerStream(nint tokenizer, out nint stream);

    [LibraryImport(Library)]
    public static partial void OgaDestroyTokenizerStream(nint stream);

    [LibraryImport(Library)]
    public static partial nint OgaTokenizerStreamDecode(nint stream, int token, out nint text);

    [LibraryImport(Library)]
    public static partial nint OgaCreateSequences(out nint sequences);

    [LibraryImport(Library)]
    public static partial void OgaDestroySequences(nint sequences);

    [LibraryImport(Library)]
    public static partial nuint OgaSequencesGetSequenceCount(nint sequences, nuint index);

    [LibraryImport(Library)]
    public static partial int* OgaSequencesGetSequenceData(nint sequences, nuint index);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial nint OgaTokenizerEncode(nint tokenizer, string text, nint sequences);

    [LibraryImport(Library)]
    public static partial nint OgaTokenizerDecode(nint tokenizer, int* tokens, nuint count, out nint text);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial nint OgaTokenizerApplyChatTemplate(
        nint tokenizer, string? template, string messages, string? tools, [MarshalAs(UnmanagedType.I1)] bool addGenerationPrompt, out nint text);

    [LibraryImport(Library)]
    public static partial nint OgaCreateGeneratorParams(nint model, out nint parameters);

    [LibraryImport(Library)]
    public static partial void OgaDestroyGeneratorParams(nint parameters);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial nint OgaGeneratorParamsSetSearchNumber(nint parameters, string name, double value);

    [LibraryImport(Library)]
    public static partial nint OgaCreateGenerator(nint model, nint parameters, out nint generator);

    [LibraryImport(Library)]
    public static partial void OgaDestroyGenerator(nint generator);

    [LibraryImport(Library)]
    [return: MarshalAs(UnmanagedType.I1)]
    public static partial bool OgaGenerator_IsDone(nint generator);

    [LibraryImport(Library)]
    public static partial nint OgaGenerator_AppendTokens(nint generator, int* tokens, nuint count);

    [LibraryImport(Library)]
    public static partial nint OgaGenerator_GenerateNextToken(nint generator);

    [LibraryImport(Library)]
    public static partial nint OgaGenerator_GetNextTokens(nint generator, out int* tokens, out nuint count);
}
