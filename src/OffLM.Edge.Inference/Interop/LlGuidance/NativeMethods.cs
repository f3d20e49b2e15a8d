using System.Runtime.InteropServices;

namespace OffLM.Edge.Inference.Interop.LlGuidance;

/// <summary>The C API of llguidance (<c>llguidance.h</c>), which ONNX Runtime GenAI's library carries and exports. Texts are UTF-8 and end with a zero.</summary>
internal static unsafe partial class NativeMethods
{
    private const string Library = InferenceLibraries.GenAi;

    [LibraryImport(Library)]
    internal static partial nint llg_new_tokenizer(TokenizerInit* init, byte* error, nuint errorBytes);

    [LibraryImport(Library)]
    internal static partial void llg_free_tokenizer(nint tokenizer);

    /// <summary>Fills what the library has of <see cref="MatcherInit"/>, which newer versions make longer.</summary>
    [LibraryImport(Library)]
    internal static partial void llg_constraint_init_set_defaults(MatcherInit* init, TokenizerHandle tokenizer);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial MatcherHandle llg_new_matcher(MatcherInit* init, string kind, string grammar);

    [LibraryImport(Library)]
    internal static partial void llg_free_matcher(nint matcher);

    /// <summary>Null if nothing went wrong; the text is the matcher's.</summary>
    [LibraryImport(Library)]
    internal static partial nint llg_matcher_get_error(MatcherHandle matcher);

    [LibraryImport(Library)]
    internal static partial nuint llg_matcher_get_mask_byte_size(MatcherHandle matcher);

    /// <summary>A bit for each token, 32 in a word, the lowest first. 0 when it went well.</summary>
    [LibraryImport(Library)]
    internal static partial int llg_matcher_compute_mask_into(MatcherHandle matcher, uint* mask, nuint maskBytes);

    [LibraryImport(Library)]
    internal static partial int llg_matcher_consume_token(MatcherHandle matcher, uint token);

    /// <summary><c>LlgTokenizerInit</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct TokenizerInit
    {
        public uint VocabularySize;
        public uint EndToken;
        public nint TokenLengths;
        public nint TokenBytes;
        public byte* TokenizerJson;
        public nint TokenizeAssumesString;
        public nint Tokenize;
        public nint TokenizeGreedily;
        public nint UserData;
        public nint Slices;
    }

    /// <summary><c>LlgConstraintInit</c>, with room for what may be added to its end.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct MatcherInit
    {
        public nint Tokenizer;
        public uint BufferedLog;
        public uint StandardErrorLog;
        public fixed byte Others[240];
    }
}
