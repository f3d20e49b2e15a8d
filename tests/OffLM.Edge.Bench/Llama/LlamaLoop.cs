using System.Globalization;

namespace OffLM.Edge.Bench.Llama;

/// <summary>llama.cpp's process: loads the model once, then runs what it is told, a line at a time.</summary>
internal static class LlamaLoop
{
    /// <summary>Says which CPU library it computes with, then answers <c>SEED PROMPT NEW</c>, numbers of tokens, with a <see cref="Bare.BareRun"/>.</summary>
    public static int Serve(string libraries, string file, int contextTokens, TextReader input, TextWriter output)
    {
        var model = new LlamaModel(libraries, file, contextTokens, Environment.ProcessorCount);
        output.WriteLine(LlamaModel.Variant());
        while (input.ReadLine() is { } line)
        {
            output.WriteLine(line.Split(' ') is [var seed, var prompt, var tokens]
                ? model.Generate(Number(seed), Number(prompt), Number(tokens)).ToString()
                : throw new FormatException($"Expected 'SEED PROMPT NEW', got '{line}'."));
        }

        return 0;
    }

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);
}
