using System.Text;
using OffLM.Edge.Metering.Receipts;
using OffLM.Edge.Tests.Harness;

namespace OffLM.Edge.Tests.BadLuck;

/// <summary>SIGTERM while answers run.</summary>
public sealed class ShutdownTests : IDisposable
{
    private readonly Scratch _scratch = new();

    private string State => _scratch["state"];

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public async Task Within_the_grace_answers_end_as_if_nothing_were()
    {
        var (streams, exit) = await TerminateAsync("30s", maxTokens: 1500);

        Assert.Equal(0, exit);
        Assert.All(streams, s => Assert.True(s.Contains("\"finish_reason\":\"length\"", StringComparison.Ordinal) && s.EndsWith("data: [DONE]\n\n", StringComparison.Ordinal), s[^300..]));
        AssertSigned(Outcome.Length, streams);
    }

    [Fact]
    public async Task After_the_grace_answers_are_interrupted_told_so_and_billed_for_what_came()
    {
        var (streams, exit) = await TerminateAsync("100ms", maxTokens: 4000);

        Assert.Equal(0, exit);
        Assert.All(streams, s => Assert.True(s.Contains("\"code\":\"interrupted\"", StringComparison.Ordinal) && s.EndsWith("data: [DONE]\n\n", StringComparison.Ordinal), s[^300..]));
        AssertSigned(Outcome.Interrupted, streams);
        Assert.All(LedgerFile.Receipts(State), r => Assert.InRange(r.Receipt!.CompletionTokens, 1u, 3999u));
    }

    private async Task<(string[] Streams, int Exit)> TerminateAsync(string grace, int maxTokens)
    {
        await using var node = await PublishedNode.StartAsync(new NodeSetup
        {
            State = State,
            Environment = new Dictionary<string, string> { ["OFFLM_INFERENCE_SHUTDOWN_GRACE"] = grace },
        });
        var streams = Enumerable.Range(0, 3).Select(_ => new OpenStream(node, maxTokens)).ToList();
        await Task.WhenAll(streams.Select(s => s.Begun));
        var exit = await node.StopAsync();
        return (await Task.WhenAll(streams.Select(s => s.Whole)), exit);
    }

    /// <summary>Each stream's receipt is in the ledger, with this outcome, in a signed batch.</summary>
    private void AssertSigned(Outcome outcome, string[] streams)
    {
        var receipts = LedgerFile.Receipts(State);
        Assert.Equal(streams.Length, receipts.Count);
        Assert.All(receipts, r => Assert.Equal(outcome, r.Receipt!.Outcome));
        Assert.All(receipts, r => Assert.Contains(streams, s => s.Contains($"\"receipt\":\"{r.Request}\",\"sequence\":{r.Sequence},", StringComparison.Ordinal)));
        Assert.Equal((0ul, 0), (LedgerFile.Summary(State).Open, LedgerFile.Summary(State).Holds));
    }

    /// <summary>An answer that is being read.</summary>
    private sealed class OpenStream
    {
        private readonly TaskCompletionSource _begun = new();

        public OpenStream(PublishedNode node, int maxTokens) => Whole = ReadAsync(node, maxTokens);

        /// <summary>Done when text has come.</summary>
        public Task Begun => _begun.Task;

        public Task<string> Whole { get; }

        private async Task<string> ReadAsync(PublishedNode node, int maxTokens)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, Api.ChatPath) { Content = new StringContent(Api.Chat("Talk", maxTokens, stream: true), Encoding.UTF8, "application/json") };
            using var response = await node.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
            using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
            var text = new StringBuilder();
            while (await reader.ReadLineAsync() is { } line)
            {
                text.Append(line).Append('\n');
                if (text.Length > 2000)
                {
                    _begun.TrySetResult();
                }
            }

            return text.ToString();
        }
    }
}
