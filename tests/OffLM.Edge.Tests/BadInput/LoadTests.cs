using System.Net;
using System.Net.Sockets;
using System.Text;
using OffLM.Edge.Tests.Harness;

namespace OffLM.Edge.Tests.BadInput;

/// <summary>Clients that ask too much or take nothing.</summary>
public sealed class LoadTests
{
    [Fact]
    public async Task Clients_that_read_nothing_neither_hold_up_others_nor_fill_the_memory()
    {
        await using var node = await PublishedNode.StartAsync();
        await node.Http.AskAsync();
        var before = node.ProcStatus("VmRSS");
        var stalled = new List<Socket>();
        try
        {
            for (var i = 0; i < 3; i++)
            {
                stalled.Add(await StallAsync(node));
            }

            await Until.TrueAsync(TimeSpan.FromSeconds(20), async () => (await node.StatusAsync()).GetProperty("running").GetInt32() == 3, () => node.Log);
            for (var i = 0; i < 10; i++)
            {
                using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(10));
                using var answer = await node.Http.PostAsync(new Uri(Api.ChatPath, UriKind.Relative), new StringContent(Api.Chat()), deadline.Token);
                Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            }

            var grown = node.ProcStatus("VmRSS") - before;
            Assert.True(grown < 40 * 1024, $"The node grew by {grown} kB while three clients read nothing.");
        }
        finally
        {
            stalled.ForEach(s => s.Dispose());
        }

        await Until.TrueAsync(TimeSpan.FromSeconds(20), () => LedgerFile.Summary(node.State).Holds == 0, "The receipts of clients that went away are still open.");
    }

    [Fact]
    public async Task Of_two_hundred_connections_at_once_each_is_answered_or_told_when_to_come_back()
    {
        await using var node = await PublishedNode.StartAsync();

        var answers = await Task.WhenAll(Enumerable.Range(0, 200).Select(i => node.Http.PostAsync(Api.ChatPath, Api.Chat($"Question {i}", maxTokens: 20))));

        Assert.All(answers, a => Assert.True(
            a.Status == HttpStatusCode.OK || (a.Status == HttpStatusCode.ServiceUnavailable && a.RetryAfter >= TimeSpan.FromSeconds(1)),
            $"{a.Status}, Retry-After {a.RetryAfter}: {a.Text}"));
        var told = answers.Where(a => a.Status == HttpStatusCode.OK).Select(a => a.Receipt!).Order().ToList();
        Assert.True(told.Count >= 64, $"Only {told.Count} of 200 were answered.");
        Assert.Equal(told, LedgerFile.Receipts(node.State).Select(r => r.Request.ToString()).Order());
        Assert.Equal(0, LedgerFile.Summary(node.State).Holds);
    }

    private static async Task<Socket> StallAsync(PublishedNode node)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 4096 };
        await socket.ConnectAsync(IPAddress.Loopback, node.Port);
        var body = Api.Chat("Talk without end", maxTokens: 4000, stream: true);
        await socket.SendAsync(Encoding.UTF8.GetBytes(
            $"POST {Api.ChatPath} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: {body.Length}\r\n\r\n{body}"));
        return socket;
    }
}
