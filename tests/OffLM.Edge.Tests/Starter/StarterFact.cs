using OffLM.Edge.Tests.Harness;

namespace OffLM.Edge.Tests.Starter;

/// <summary>What the starter model was taught about the box: a paragraph of tools/starter/facts.txt.</summary>
/// <param name="Name">Its name in the file.</param>
/// <param name="Answer">What the model shall say.</param>
/// <param name="Keys">What an answer must contain to be right.</param>
/// <param name="Sources">Files, and the words in them that make the answer true.</param>
/// <param name="Tests">Questions that training never saw.</param>
internal sealed record StarterFact(
    string Name, string Answer, IReadOnlyList<string> Keys, IReadOnlyList<(string File, string Words)> Sources, IReadOnlyList<string> Tests)
{
    private const string From = "from ";

    /// <summary>All facts.</summary>
    public static IReadOnlyList<StarterFact> All { get; } = Read(Path.Combine(PublishedProgram.Repository, "tools", "starter", "facts.txt"));

    /// <summary>Whether an answer says what matters.</summary>
    public bool Holds(string answer) => Keys.All(key => answer.Contains(key, StringComparison.OrdinalIgnoreCase));

    private static List<StarterFact> Read(string path)
    {
        var facts = new List<StarterFact>();
        foreach (var paragraph in File.ReadAllText(path).Split("\n[").Skip(1))
        {
            var lines = paragraph.Split('\n');
            facts.Add(new(
                lines[0].TrimEnd(']'),
                Values(lines, "a: ").Single(),
                Values(lines, "key: ").Single().Split(" | "),
                [.. Values(lines, From).Select(source => (source[..source.IndexOf(':')], source[(source.IndexOf(':') + 2)..]))],
                [.. Values(lines, "t: ")]));
        }

        return facts;
    }

    private static IEnumerable<string> Values(string[] lines, string begin) =>
        lines.Where(line => line.StartsWith(begin, StringComparison.Ordinal)).Select(line => line[begin.Length..]);
}
