using System.Text.Json;
using OffLM.Edge.Tests.Harness;

namespace OffLM.Edge.Tests.Crash;

/// <summary>What a node is asked while it is killed: every way of asking, by callers who pay and by the household.</summary>
internal static class CrashLoad
{
    /// <summary>Asks until the node is gone.</summary>
    /// <param name="node">The node.</param>
    /// <param name="key">The key of a caller who pays.</param>
    /// <param name="random">Chooses the questions.</param>
    /// <returns>Every request as its client saw it.</returns>
    public static async Task<IReadOnlyList<Exchange>> RunAsync(PublishedNode node, string key, Random random)
    {
        Task<IReadOnlyList<Exchange>>[] clients =
        [
            Ask(node, null, random, r => Chat(r, stream: true)),
            Ask(node, key, random, r => Chat(r, stream: true)),
            Ask(node, key, random, r => Chat(r, stream: true) with { Leaves = r.Next(1, 800) }),
            Ask(node, key, random, Continue),
            Ask(node, key, random, r => Chat(r, stream: false)),
            Ask(node, null, random, Ollama),
        ];
        return [.. (await Task.WhenAll(clients)).SelectMany(e => e)];
    }

    private static Task<IReadOnlyList<Exchange>> Ask(PublishedNode node, string? key, Random random, Func<Random, Question> question)
    {
        var own = new Random(random.Next());
        return new CrashClient(node, key, () => question(own)).RunAsync();
    }

    private static Question Chat(Random random, bool stream) => new(
        "/v1/chat/completions",
        JsonSerializer.Serialize(new
        {
            model = "starter",
            stream,
            logprobs = true,
            max_tokens = stream ? random.Next(1, 2500) : random.Next(1, 40),
            messages = new[] { new { role = "user", content = $"Tell me about {random.Next(1000)} and {random.Next(1000)}." } },
        }),
        stream,
        CountsTokens: true,
        Leaves: null);

    private static Question Continue(Random random) => new(
        "/v1/completions",
        JsonSerializer.Serialize(new { model = "starter", stream = true, max_tokens = random.Next(1, 1200), prompt = $"Once upon {random.Next(1000)} times" }),
        Streaming: true,
        CountsTokens: false,
        Leaves: null);

    private static Question Ollama(Random random) => new(
        "/api/chat",
        JsonSerializer.Serialize(new
        {
            model = "starter",
            stream = true,
            options = new { num_predict = random.Next(1, 1200) },
            messages = new[] { new { role = "user", content = $"Good morning, number {random.Next(1000)}!" } },
        }),
        Streaming: true,
        CountsTokens: false,
        Leaves: null);
}
