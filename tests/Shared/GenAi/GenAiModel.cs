using System.Runtime.InteropServices;
using static OffLM.Edge.Tests.Shared.GenAi.GenAiLibrary;

namespace OffLM.Edge.Tests.Shared.GenAi;

/// <summary>A model folder as ONNX Runtime GenAI sees it.</summary>
internal sealed unsafe class GenAiModel : IDisposable
{
    private readonly nint _model;
    private readonly nint _tokenizer;

    /// <param name="libraries">The folder with ONNX Runtime and GenAI.</param>
    /// <param name="directory">The model.</param>
    public GenAiModel(string libraries, string directory)
    {
        Load(libraries);
        Check(NativeMethods.OgaCreateModel(directory, out _model));
        Check(NativeMethods.OgaCreateTokenizer(_model, out _tokenizer));
    }

    public int[] Encode(string text)
    {
        Check(NativeMethods.OgaCreateSequences(out var sequences));
        try
        {
            Check(NativeMethods.OgaTokenizerEncode(_tokenizer, text, sequences));
            var count = (int)NativeMethods.OgaSequencesGetSequenceCount(sequences, 0);
            return new ReadOnlySpan<int>(NativeMethods.OgaSequencesGetSequenceData(sequences, 0), count).ToArray();
        }
        finally
        {
            NativeMethods.OgaDestroySequences(sequences);
        }
    }

    public string Decode(ReadOnlySpan<int> tokens)
    {
        fixed (int* first = tokens)
        {
            Check(NativeMethods.OgaTokenizerDecode(_tokenizer, first, (nuint)tokens.Length, out var text));
            return TakeString(text);
        }
    }

    /// <summary>The prompt that the model's chat template makes of messages and tools given as JSON.</summary>
    public string Render(string messages, string? tools = null, bool addGenerationPrompt = true)
    {
        Check(NativeMethods.OgaTokenizerApplyChatTemplate(_tokenizer, null, messages, tools, addGenerationPrompt, out var text));
        return TakeString(text);
    }

    /// <summary>The text that a token is by itself; empty if it only begins a character.</summary>
    public string TextOf(int token)
    {
        Check(NativeMethods.OgaCreateTokenizerStream(_tokenizer, out var stream));
        try
        {
            // The string belongs to the stream.
            Check(NativeMethods.OgaTokenizerStreamDecode(stream, token, out var text));
            return Marshal.PtrToStringUTF8(text) ?? "";
        }
        finally
        {
            NativeMethods.OgaDestroyTokenizerStream(stream);
        }
    }

    /// <summary>Greedy tokens after the prompt, up to <paramref name="most"/> or the end token.</summary>
    /// <param name="prompt">What to continue.</param>
    /// <param name="most">Tokens.</param>
    /// <param name="piece">Prompt tokens to append at a time.</param>
    /// <param name="onToken">Called after each token.</param>
    public int[] Generate(ReadOnlySpan<int> prompt, int most, int piece = int.MaxValue, Action? onToken = null)
    {
        Check(NativeMethods.OgaCreateGeneratorParams(_model, out var parameters));
        Check(NativeMethods.OgaGeneratorParamsSetSearchNumber(parameters, "max_length", prompt.Length + most));
        Check(NativeMethods.OgaCreateGenerator(_model, parameters, out var generator));
        try
        {
            for (var rest = prompt; rest.Length > 0; rest = rest[Math.Min(piece, rest.Length)..])
            {
                fixed (int* start = rest)
                {
                    Check(NativeMethods.OgaGenerator_AppendTokens(generator, start, (nuint)Math.Min(piece, rest.Length)));
                }
            }

            var tokens = new List<int>();
            while (!NativeMethods.OgaGenerator_IsDone(generator))
            {
                Check(NativeMethods.OgaGenerator_GenerateNextToken(generator));
                Check(NativeMethods.OgaGenerator_GetNextTokens(generator, out var next, out _));
                tokens.Add(*next);
                onToken?.Invoke();
            }

            return [.. tokens];
        }
        finally
        {
            NativeMethods.OgaDestroyGenerator(generator);
            NativeMethods.OgaDestroyGeneratorParams(parameters);
        }
    }

    public void Dispose()
    {
        NativeMethods.OgaDestroyTokenizer(_tokenizer);
        NativeMethods.OgaDestroyModel(_model);
    }
}
