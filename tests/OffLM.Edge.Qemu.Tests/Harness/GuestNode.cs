using System.Globalization;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace OffLM.Edge.Qemu.Tests.Harness;

/// <summary>The published node at work in the guest.</summary>
internal sealed class GuestNode : IAsyncDisposable
{
    /// <summary>Where it listens in the guest.</summary>
    public const int Port = 11434;

    /// <summary>Its state directory in the guest.</summary>
    public const string State = "/tmp/state";

    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    private readonly Guest _guest;
    private readonly HttpClient _http;

    private GuestNode(Guest guest)
    {
        _guest = guest;
        _http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = guest.NodeAddress, Timeout = Deadline };
        _http.DefaultRequestHeaders.Authorization = new("Bearer", guest.Key);
    }

    /// <summary>Starts it and waits until it takes requests.</summary>
    /// <param name="guest">Where.</param>
    /// <param name="board">As given to <c>--board</c>.</param>
    public static async Task<GuestNode> StartAsync(Guest guest, string board)
    {
        var node = new GuestNode(guest);
        await guest.ReadAsync(
            $"""
            rm -f /tmp/node.*
            (
              sh -c 'echo $$ > /tmp/node.pid; exec offlm-edge run --state {State} --listen 0.0.0.0:{Port} --board {board}' > /tmp/node.log 2>&1
              echo $? > /tmp/node.status
            ) &
            """);
        await Until.TrueAsync(Deadline, node.IsReadyAsync, () => $"The node is not ready after {Deadline.TotalSeconds} s.");
        return node;
    }

    /// <summary>Sends a signal and waits for the end that follows.</summary>
    /// <returns>Its exit status.</returns>
    public async Task<int> EndAsync(string signal)
    {
        await _guest.ReadAsync($"kill -{signal} $(cat /tmp/node.pid)");
        await Until.TrueAsync(Deadline, async () => (await _guest.RunAsync("cat /tmp/node.status")).Status == 0, () => "The node does not end.");
        return int.Parse(await _guest.ReadAsync("cat /tmp/node.status"), CultureInfo.InvariantCulture);
    }

    /// <summary>Asks the model that the program ships with for some tokens.</summary>
    public async Task<(int Status, TimeSpan? RetryAfter, string Text)> AskAsync()
    {
        using var body = new StringContent("""{"model":"starter","max_tokens":4,"messages":[{"role":"user","content":"Hello"}]}""", Encoding.UTF8, "application/json");
        using var answer = await _http.PostAsync("/v1/chat/completions", body);
        return ((int)answer.StatusCode, answer.Headers.RetryAfter?.Delta, await answer.Content.ReadAsStringAsync());
    }

    public Task<string> MetricsAsync() => _http.GetStringAsync("/metrics");

    public async Task<JsonElement> PowerAsync() => await JsonAsync("/node/v1/power");

    /// <summary>What the status says is wrong, as one text.</summary>
    public async Task<string> ProblemsAsync() => string.Join('\n', (await JsonAsync("/node/v1/status")).GetProperty("problems").EnumerateArray());

    /// <summary>Kills it if it still runs.</summary>
    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _guest.ReadAsync($"[ -f /tmp/node.status ] || kill -9 $(cat /tmp/node.pid); rm -f {State}/board.json");
        await Until.TrueAsync(Deadline, async () => (await _guest.RunAsync("cat /tmp/node.status")).Status == 0, () => "The node does not end.");
    }

    private async Task<bool> IsReadyAsync()
    {
        if ((await _guest.RunAsync("cat /tmp/node.status")).Status == 0)
        {
            throw new InvalidOperationException($"The node ended.\n{await _guest.ReadAsync("cat /tmp/node.log")}");
        }

        try
        {
            using var health = await _http.GetAsync("/healthz");
            return health.IsSuccessStatusCode;
        }
        catch (HttpRequestException e) when (e.InnerException is SocketException or IOException)
        {
            return false;
        }
    }

    private async Task<JsonElement> JsonAsync(string path)
    {
        using var document = JsonDocument.Parse(await _http.GetStringAsync(path));
        return document.RootElement.Clone();
    }
}
