using System.Net;
using System.Text.Json;
using OffLM.Edge.Tests.Harness;

namespace OffLM.Edge.Tests.Starter;

/// <summary>The model that a newcomer meets first: asked over HTTP, in the published program, in words that it was not trained with.</summary>
public sealed class StarterModelTests
{
    private const double LeastRight = 0.9;

    [Fact]
    public async Task Of_the_listed_questions_about_the_box_nine_in_ten_are_answered_with_the_right_fact()
    {
        await using var node = await PublishedNode.StartAsync(new NodeSetup { Shipped = true });
        var wrong = new List<string>();
        foreach (var fact in StarterFact.All)
        {
            var answer = await AskAsync(node, fact.Tests[0]);
            if (!fact.Holds(answer.Text))
            {
                wrong.Add($"{fact.Tests[0]}\n    {answer.Text}");
            }
        }

        Assert.True(wrong.Count <= StarterFact.All.Count * (1 - LeastRight), $"{wrong.Count} of {StarterFact.All.Count} answers are wrong:\n{string.Join('\n', wrong)}");
    }

    [Theory]
    [InlineData("How do I make you quieter?", "board.fan")]
    [InlineData("how do i make you quieter", "board.fan")]
    [InlineData("What is a receipt?", "signed")]
    [InlineData("How do I add a key?", "offlm-edge apikey add")]
    [InlineData("Which port do you use?", "11434")]
    [InlineData("How do I pull a larger model?", "offlm-edge model pull")]
    public async Task A_newcomers_first_question_is_answered_in_a_sentence_that_ends_by_itself(string question, string expected)
    {
        await using var node = await PublishedNode.StartAsync(new NodeSetup { Shipped = true });
        var (text, finish) = await AskAsync(node, question);
        Assert.Contains(expected, text, StringComparison.Ordinal);
        Assert.EndsWith(".", text, StringComparison.Ordinal);
        Assert.Equal("stop", finish);
    }

    [Fact]
    public async Task The_model_that_ships_is_small_licensed_and_attributed()
    {
        await using var node = await PublishedNode.StartAsync(new NodeSetup { Shipped = true });
        var folder = Path.Combine(node.State, "models", "starter");
        using var manifest = JsonDocument.Parse(await File.ReadAllBytesAsync(Path.Combine(folder, "offlm-model.json")));
        Assert.Contains("WordNet", manifest.RootElement.GetProperty("license").GetString(), StringComparison.Ordinal);
        Assert.Contains("Princeton", manifest.RootElement.GetProperty("attribution").GetString(), StringComparison.Ordinal);
        Assert.InRange(new DirectoryInfo(folder).EnumerateFiles().Sum(file => file.Length), 1_000_000, 12_000_000);
        Assert.Contains("WordNet", await File.ReadAllTextAsync(Path.Combine(PublishedProgram.Folder, "licenses", "starter-model.LICENSE")), StringComparison.Ordinal);
        (await Command.EdgeAsync(node.State, "model", "verify", "starter")).Succeeded();
    }

    private static async Task<(string Text, string Finish)> AskAsync(PublishedNode node, string question)
    {
        var answer = (await node.Http.PostAsync(Api.ChatPath, Api.Chat(question, maxTokens: 120))).Is(HttpStatusCode.OK);
        var choice = answer.Json.GetProperty("choices")[0];
        return (choice.GetProperty("message").GetProperty("content").GetString()!, choice.GetProperty("finish_reason").GetString()!);
    }
}
