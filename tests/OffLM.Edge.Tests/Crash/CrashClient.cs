using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using OffLM.Edge.Tests.Harness;

namespace OffLM.Edge.Tests.Crash;

/// <summary>A client that asks until the node is gone, and remembers every byte of what it got.</summary>
internal sealed class CrashClient(PublishedNode node, string? key, Func<Question> next)
{
    private readonly List<Exchange> _exchanges = [];

    /// <summary>Asks one question after the other until the connection breaks.</summary>
    public async Task<IReadOnlyList<Exchange>> RunAsync()
    {
        try
        {
            while (true)
            {
                await AskAsync(next());
            }
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            return _exchanges;
        }
    }

    private async Task AskAsync(Question question)
    {
        var exchange = new Exchange(question, key is not null);
        _exchanges.Add(exchange);
        Socket? connection = null;
        using var http = new HttpClient(new SocketsHttpHandler
        {
            UseProxy = false,
            ConnectCallback = async (context, cancellation) =>
            {
                connection = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
                await connection.ConnectAsync(context.DnsEndPoint, cancellation);
                return new NetworkStream(connection, ownsSocket: true);
            },
        });
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(node.Address, question.Path)) { Content = new StringContent(question.Body, Encoding.UTF8, "application/json") };
        if (key is not null)
        {
            request.Headers.Authorization = new("Bearer", key);
        }

        using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        if (response.StatusCode == HttpStatusCode.ServiceUnavailable && key is not null)
        {
            // Right after a start paid work waits for the ledger's check.
            _exchanges.Remove(exchange);
            return;
        }

        exchange.Request = response.Headers.TryGetValues("Offlm-Receipt", out var names) ? names.Single() : null;
        if (!response.IsSuccessStatusCode)
        {
            throw new InvalidOperationException($"{question.Path} answered {(int)response.StatusCode}: {await response.Content.ReadAsStringAsync()}");
        }

        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(), Encoding.UTF8);
        try
        {
            while (await reader.ReadLineAsync() is { } line)
            {
                Take(exchange, line, Stopwatch.GetTimestamp());
                if (exchange.LeftAt is null && exchange.Pieces.Count >= question.Leaves)
                {
                    // Half of the connection stays open: what the node had sent by now still arrives and counts as received.
                    exchange.LeftAt = Stopwatch.GetTimestamp();
                    Leave(connection!);
                }
            }
        }
        catch (IOException) when (exchange.LeftAt is not null)
        {
            // The node closed the connection, as it should; the next request shows whether it still lives.
        }
    }

    private static void Leave(Socket connection)
    {
        try
        {
            connection.Shutdown(SocketShutdown.Send);
        }
        catch (SocketException)
        {
            // The node was killed first; what it had sent is still read.
        }
    }

    private static void Take(Exchange exchange, string line, long at)
    {
        var json = line.StartsWith("data: ", StringComparison.Ordinal) ? line["data: ".Length..] : line;
        if (json.Length == 0 || json == "[DONE]")
        {
            return;
        }

        using var document = JsonDocument.Parse(json);
        var root = document.RootElement;
        var (text, tokens) = TextOf(root);
        if (text.Length > 0)
        {
            exchange.Pieces.Add(new(text, tokens, at));
        }

        if (root.TryGetProperty("offlm", out var offlm))
        {
            exchange.Final = SeenReceipt.Read(offlm);
        }
    }

    private static (string Text, int Tokens) TextOf(JsonElement root)
    {
        if (root.TryGetProperty("message", out var message))
        {
            return (message.GetProperty("content").GetString() ?? "", 0);
        }

        if (!root.TryGetProperty("choices", out var choices) || choices.GetArrayLength() == 0)
        {
            return ("", 0);
        }

        var choice = choices[0];
        var text = choice.TryGetProperty("text", out var whole) ? whole
            : (choice.TryGetProperty("delta", out var delta) ? delta : choice.GetProperty("message")).TryGetProperty("content", out var content) ? content
            : default;
        var tokens = choice.TryGetProperty("logprobs", out var logprobs) && logprobs.ValueKind == JsonValueKind.Object && logprobs.TryGetProperty("content", out var each)
            ? each.GetArrayLength()
            : 0;
        return (text.ValueKind == JsonValueKind.String ? text.GetString()! : "", tokens);
    }
}
