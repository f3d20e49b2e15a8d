using System.Runtime.InteropServices;

namespace OffLM.Edge.Bench.Bare;

/// <summary>The few functions of ort_genai_c.h that a bare loop needs; bound apart from the product's, so that the baseline has none of
/// its code. Those that return an address return null for success.</summary>
internal static unsafe partial class NativeMethods
{
    public const string Library = "onnxruntime-genai";

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int setenv(string name, string value, int overwrite);

    [LibraryImport(Library)]
    public static partial nint OgaResultGetError(nint result);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial nint OgaCreateModel(string path, out nint model);

    [LibraryImport(Library)]
    public static partial nint OgaCreateTokenizer(nint model, out nint tokenizer);

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

    /// <summary>Throws what the library reports.</summary>
    public static void Check(nint result)
    {
        if (result != 0)
        {
            throw new InvalidOperationException($"GenAI: {Marshal.PtrToStringUTF8(OgaResultGetError(result))}");
        }
    }
}
