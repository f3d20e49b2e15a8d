using static OffLM.ModelForge.Tests.GenAi.GenAiLibrary;

namespace OffLM.ModelForge.Tests.GenAi;

/// <summary>A model folder as ONNX Runtime GenAI sees it.</summary>
internal sealed unsafe class GenAiModel : IDisposable
{
    private readonly nint _model;
    private readonly nint _tokenizer;

    public GenAiModel(string directory)
    {
        Load();
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

    /// <summary>Greedy tokens after the prompt, up to <paramref name="most"/> or the end token.</summary>
    public int[] Generate(ReadOnlySpan<int> prompt, int most)
    {
        Check(NativeMethods.OgaCreateGeneratorParams(_model, out var parameters));
        Check(NativeMethods.OgaGeneratorParamsSetSearchNumber(parameters, "max_length", prompt.Length + most));
        Check(NativeMethods.OgaCreateGenerator(_model, parameters, out var generator));
        try
        {
            fixed (int* first = prompt)
            {
                Check(NativeMethods.OgaGenerator_AppendTokens(generator, first, (nuint)prompt.Length));
            }

            var tokens = new List<int>();
            while (!NativeMethods.OgaGenerator_IsDone(generator))
            {
                Check(NativeMethods.OgaGenerator_GenerateNextToken(generator));
                Check(NativeMethods.OgaGenerator_GetNextTokens(generator, out var next, out _));
                tokens.Add(*next);
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
