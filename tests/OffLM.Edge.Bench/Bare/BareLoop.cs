using System.Globalization;

namespace OffLM.Edge.Bench.Bare;

/// <summary>The baseline's process: loads the model once, then runs what it is told, a line at a time.</summary>
internal static class BareLoop
{
    private static readonly string[] Words =
    [
        "the", "house", "water", "light", "river", "small", "evening", "story", "garden", "people", "world", "because", "every", "mountain",
        "letter", "quiet", "answer", "morning", "kitchen", "paper", "summer", "music", "child", "window", "father", "winter", "school", "long",
    ];

    /// <summary>Answers <c>prompt SEED TOKENS</c> with a text of so many tokens, and <c>run MOST PIECE TEXT</c> with a <see cref="BareRun"/>.</summary>
    public static int Serve(string libraries, string folder, TextReader input, TextWriter output)
    {
        var model = new BareModel(libraries, folder);
        output.WriteLine("ready");
        while (input.ReadLine() is { } line)
        {
            output.WriteLine(line.Split(' ', 4) switch
            {
                ["prompt", var seed, var tokens] => Prompt(model, Number(seed), Number(tokens)),
                ["run", var most, var piece, var text] => model.Generate(model.Encode(text), Number(most), Number(piece)).ToString(),
                _ => throw new FormatException($"Expected 'prompt SEED TOKENS' or 'run MOST PIECE TEXT', got '{line}'."),
            });
        }

        return 0;
    }

    private static string Prompt(BareModel model, int seed, int tokens)
    {
        var random = new Random(seed);
        while (true)
        {
            var text = Words[random.Next(Words.Length)];
            int count;
            while ((count = model.Encode(text).Length) < tokens)
            {
                // Nearly a token a word: the last few are added one by one.
                var missing = Math.Max(1, (tokens - count) * 3 / 4);
                text += string.Concat(Enumerable.Range(0, missing).Select(_ => " " + Words[random.Next(Words.Length)]));
            }

            if (count == tokens)
            {
                return text;
            }
        }
    }

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);
}
