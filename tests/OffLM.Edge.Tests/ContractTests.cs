using System.Text.RegularExpressions;
using OffLM.Edge.Tests.Harness;

namespace OffLM.Edge.Tests;

/// <summary>The MQTT contract is what its sentences say, and each is held by a test that has its number.</summary>
public sealed partial class ContractTests
{
    [Fact]
    public void Each_sentence_of_the_mqtt_contract_has_a_test_with_its_number()
    {
        var sentences = Sentence().Matches(File.ReadAllText(Path.Combine(PublishedProgram.Repository, "docs", "mqtt.md"))).Select(m => m.Groups[1].Value).ToList();
        var tested = new DirectoryInfo(Path.Combine(PublishedProgram.Repository, "tests")).EnumerateFiles("*Tests.cs", SearchOption.AllDirectories)
            .SelectMany(file => Test().Matches(File.ReadAllText(file.FullName)).Select(m => m.Groups[1].Value)).ToHashSet();
        Assert.Equal(sentences.Distinct().Count(), sentences.Count);
        Assert.Empty(sentences.Except(tested));
        Assert.Empty(tested.Except(sentences));
    }

    [GeneratedRegex(@"^- \*\*(M\d+)\*\* ", RegexOptions.Multiline)]
    private static partial Regex Sentence();

    [GeneratedRegex(@"public (?:async Task|void) (M\d+)_")]
    private static partial Regex Test();
}
