using System.Diagnostics;
using System.Runtime.InteropServices;
using static OffLM.Edge.Bench.Bare.NativeMethods;

namespace OffLM.Edge.Bench.Bare;

/// <summary>A model in GenAI with nothing around it. Lives as long as the process.</summary>
internal sealed unsafe class BareModel
{
    private readonly nint _model;
    private readonly nint _tokenizer;

    /// <param name="libraries">The folder with ONNX Runtime and GenAI: the published node's.</param>
    /// <param name="folder">The model.</param>
    public BareModel(string libraries, string folder)
    {
        // As the node does: telemetry off before loading, and ONNX Runtime before GenAI.
        _ = setenv("ORT_DISABLE_TELEMETRY", "1", 1);
        NativeLibrary.Load(Path.Combine(libraries, "libonnxruntime.so.1"));
        var genAi = NativeLibrary.Load(Path.Combine(libraries, "libonnxruntime-genai.so"));
        NativeLibrary.SetDllImportResolver(typeof(BareModel).Assembly, (name, _, _) => name == Library ? genAi : 0);
        Check(OgaCreateModel(folder, out _model));
        Check(OgaCreateTokenizer(_model, out _tokenizer));
    }

    public int[] Encode(string text)
    {
        Check(OgaCreateSequences(out var sequences));
        Check(OgaTokenizerEncode(_tokenizer, text, sequences));
        var count = (int)OgaSequencesGetSequenceCount(sequences, 0);
        int[] tokens = [.. new ReadOnlySpan<int>(OgaSequencesGetSequenceData(sequences, 0), count)];
        OgaDestroySequences(sequences);
        return tokens;
    }

    /// <summary>Greedy tokens after a prompt, up to the end token or so many.</summary>
    /// <param name="prompt">What to continue.</param>
    /// <param name="most">Tokens.</param>
    /// <param name="piece">Prompt tokens to append at a time.</param>
    public BareRun Generate(ReadOnlySpan<int> prompt, int most, int piece)
    {
        var begun = Stopwatch.GetTimestamp();
        Check(OgaCreateGeneratorParams(_model, out var parameters));
        Check(OgaGeneratorParamsSetSearchNumber(parameters, "max_length", prompt.Length + most));
        Check(OgaCreateGenerator(_model, parameters, out var generator));
        for (var rest = prompt; rest.Length > 0; rest = rest[Math.Min(piece, rest.Length)..])
        {
            fixed (int* start = rest)
            {
                Check(OgaGenerator_AppendTokens(generator, start, (nuint)Math.Min(piece, rest.Length)));
            }
        }

        var (first, tokens) = (0, 0);
        var toFirst = TimeSpan.Zero;
        while (tokens < most && !OgaGenerator_IsDone(generator))
        {
            Check(OgaGenerator_GenerateNextToken(generator));
            Check(OgaGenerator_GetNextTokens(generator, out var next, out _));
            if (tokens++ == 0)
            {
                first = *next;
                toFirst = Stopwatch.GetElapsedTime(begun);
            }
        }

        var total = Stopwatch.GetElapsedTime(begun);
        OgaDestroyGenerator(generator);
        OgaDestroyGeneratorParams(parameters);
        return new BareRun(tokens, toFirst, total, IsText(first));
    }

    /// <summary>Whether a token is text by itself, or the beginning of a character that the next one ends.</summary>
    private bool IsText(int token)
    {
        Check(OgaCreateTokenizerStream(_tokenizer, out var stream));
        Check(OgaTokenizerStreamDecode(stream, token, out var text));
        var isText = Marshal.PtrToStringUTF8(text) is { Length: > 0 };
        OgaDestroyTokenizerStream(stream);
        return isText;
    }
}
