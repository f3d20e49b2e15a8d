using System.Text.RegularExpressions;
using OffLM.Edge.Commands;
using OffLM.Edge.Configuration;
using OffLM.Edge.Tests.Harness;
using CliCommand = System.CommandLine.Command;

namespace OffLM.Edge.Tests.Starter;

/// <summary>
/// What the starter model was taught is true of this program and stands in its documents. Who changes one of these changes facts.txt too, and
/// trains the model anew (scripts/train-starter), or takes the answer out.
/// </summary>
public sealed partial class FactsTests
{
    [Fact]
    public void Each_answer_is_backed_by_words_that_stand_in_the_documents()
    {
        var missing = StarterFact.All.SelectMany(fact => fact.Sources.Where(source => !Document(source.File).Contains(OneLine(source.Words), StringComparison.Ordinal))
            .Select(source => $"{fact.Name}: {source.File} does not say \"{source.Words}\""));
        Assert.Empty(missing);
        Assert.All(StarterFact.All, fact => Assert.NotEmpty(fact.Sources));
    }

    [Fact]
    public void Each_setting_that_an_answer_names_exists()
    {
        var unknown = StarterFact.All.SelectMany(fact => Setting().Matches(fact.Answer).Select(m => m.Value).Where(path => SettingTable.Find(path) is null)
            .Select(path => $"{fact.Name}: {path}"));
        Assert.Empty(unknown);
    }

    [Fact]
    public void Each_command_and_option_that_an_answer_names_exists()
    {
        var root = CommandTree.Root();
        var fleet = Document("docs/fleet.md");
        HashSet<string> options = [.. Options(root), .. Option().Matches(fleet).Select(m => m.Value)];
        var wrong = new List<string>();
        foreach (var fact in StarterFact.All)
        {
            Add(fact, EdgeCommand(), command => Exists(root, command.Split(' ')[1..]));
            Add(fact, FleetCommand(), command => fleet.Contains(command, StringComparison.Ordinal));
            Add(fact, Option(), options.Contains);
        }

        Assert.Empty(wrong);

        void Add(StarterFact fact, Regex pattern, Func<string, bool> exists) =>
            wrong.AddRange(pattern.Matches(fact.Answer).Select(m => m.Value).Where(name => !exists(name)).Select(name => $"{fact.Name}: {name}"));
    }

    [Fact]
    public void There_are_more_than_a_hundred_facts_with_a_test_question_each_and_answers_hold_their_own_keys()
    {
        Assert.True(StarterFact.All.Count > 100);
        Assert.All(StarterFact.All, fact => Assert.True(fact.Tests.Count > 0 && fact.Holds(fact.Answer), fact.Name));
        Assert.Equal(StarterFact.All.Count, StarterFact.All.Select(fact => fact.Name).Distinct().Count());
    }

    /// <summary>Follows words down the tree; what comes after a command without commands of its own is prose.</summary>
    private static bool Exists(CliCommand command, ReadOnlySpan<string> words)
    {
        if (command.Subcommands.Count == 0 || words.Length == 0)
        {
            return true;
        }

        var word = words[0];
        return command.Subcommands.FirstOrDefault(c => c.Name == word) is { } next && Exists(next, words[1..]);
    }

    private static IEnumerable<string> Options(CliCommand command) => command.Options.Select(o => o.Name).Concat(command.Subcommands.SelectMany(Options));

    private static string Document(string file) => OneLine(File.ReadAllText(Path.Combine(PublishedProgram.Repository, file)));

    private static string OneLine(string text) => Blanks().Replace(text, " ");

    [GeneratedRegex(@"\s+")]
    private static partial Regex Blanks();

    [GeneratedRegex(@"\b(?:lan|inference|metering|network|key|board)\.[a-zA-Z.]*[a-zA-Z]")]
    private static partial Regex Setting();

    [GeneratedRegex(@"offlm-edge(?: [a-z][a-z-]*)+")]
    private static partial Regex EdgeCommand();

    [GeneratedRegex(@"offlm-fleet [a-z]+")]
    private static partial Regex FleetCommand();

    [GeneratedRegex(@"--[a-z][a-z-]*")]
    private static partial Regex Option();
}
