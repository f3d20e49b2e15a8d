using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using OffLM.Edge.Signing;
using OffLM.Edge.Work;
using OffLM.Edge.Work.Callers;
using OffLM.Edge.Work.Running;
using OffLM.ModelForge;

namespace OffLM.Edge.Lan.Tests.NodeApi;

/// <summary>A whole node with a tiny model and its HTTP server, on a free port and in a folder of its own.</summary>
public sealed class RunningNode : IAsyncDisposable
{
    private readonly string _folder;
    private readonly List<HttpClient> _clients = [];

    private RunningNode(string folder, Node node, LanServer server)
    {
        _folder = folder;
        Node = node;
        Server = server;
    }

    public Node Node { get; }

    public LanServer Server { get; }

    public int Port => new Uri(Server.Addresses.Single(a => !a.Contains("unix:", StringComparison.Ordinal))).Port;

    /// <summary>Starts a node.</summary>
    /// <param name="lan">Changes how it is reached; the folder is given for its control socket.</param>
    /// <param name="options">Changes the node itself.</param>
    /// <param name="time">For slowing down wrong keys.</param>
    /// <param name="serve">False to leave the node in its start.</param>
    public static async Task<RunningNode> StartAsync(
        Func<LanOptions, string, LanOptions>? lan = null, Func<NodeOptions, NodeOptions>? options = null, TimeProvider? time = null, bool serve = true)
    {
        var folder = Directory.CreateTempSubdirectory("offlm-lan-").FullName;
        var nodeOptions = new NodeOptions
        {
            StateDirectory = folder,
            ModelsDirectory = Path.Combine(folder, "models"),
            Version = "1.2.3-test",
            Key = KeyUri.Parse($"file:{Path.Combine(folder, "node-key.json")}"),
            BatchInterval = TimeSpan.FromHours(1),
            MinimumFreeBytes = 0,
            ShutdownGrace = TimeSpan.Zero,
        };
        nodeOptions = options?.Invoke(nodeOptions) ?? nodeOptions;
        Forge.Write(Path.Combine(nodeOptions.ModelsDirectory, "tiny"), ModelRecipe.Tiny);
        var node = Node.Open(nodeOptions, TimeProvider.System, NullLoggerFactory.Instance);
        var lanOptions = new LanOptions { Listen = [new(IPAddress.Loopback, 0)] };
        var server = LanServer.Create(node, lan?.Invoke(lanOptions, folder) ?? lanOptions, NullLoggerFactory.Instance, time);
        var running = new RunningNode(folder, node, server);
        try
        {
            await server.StartAsync(CancellationToken.None);
            if (serve)
            {
                await node.StartAsync();
            }

            return running;
        }
        catch
        {
            await running.DisposeAsync();
            throw;
        }
    }

    /// <summary>A client of this machine.</summary>
    /// <param name="key">The API key that it sends; null for none.</param>
    /// <param name="from">The loopback address that it calls from.</param>
    public HttpClient Client(string? key = null, string from = "127.0.0.1")
    {
        var client = new HttpClient(Handler(async cancellation =>
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            socket.Bind(new IPEndPoint(IPAddress.Parse(from), 0));
            await socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, Port), cancellation);
            return socket;
        }))
        {
            BaseAddress = new Uri($"http://127.0.0.1:{Port}"),
        };
        if (key is not null)
        {
            client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
        }

        _clients.Add(client);
        return client;
    }

    /// <summary>A client of the control socket.</summary>
    public HttpClient ControlClient(string path)
    {
        var client = new HttpClient(Handler(async cancellation =>
        {
            var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellation);
            return socket;
        }))
        {
            BaseAddress = new Uri("http://localhost"),
        };
        _clients.Add(client);
        return client;
    }

    /// <summary>Makes a key.</summary>
    public (ApiKey Key, string Secret) AddKey(string name, Func<ApiKey, ApiKey>? change = null)
    {
        var key = new ApiKey { Id = "", Name = name, Scope = Scope.Use, CreatedAt = default };
        return Node.Keys.Add(change?.Invoke(key) ?? key);
    }

    /// <summary>Asks the model something short.</summary>
    public static Task<HttpResponseMessage> AskAsync(HttpClient client, int tokens = 3) => client.PostAsync(
        "/v1/chat/completions",
        new StringContent(
            $$"""{"model":"tiny","max_tokens":{{tokens}},"seed":1,"messages":[{"role":"user","content":"a secret question"}]}""", Encoding.UTF8, "application/json"));

    /// <summary>Asks, and gives the name of the receipt.</summary>
    public static async Task<string> ReceiptOfAsync(HttpClient client)
    {
        using var response = await AskAsync(client);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return Assert.Single(response.Headers.GetValues("Offlm-Receipt"));
    }

    /// <summary>The body of a request that must succeed.</summary>
    public static async Task<JsonElement> JsonAsync(HttpClient client, HttpMethod method, string path, string? body = null, HttpStatusCode expected = HttpStatusCode.OK)
    {
        using var request = new HttpRequestMessage(method, path);
        if (body is not null)
        {
            request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        }

        using var response = await client.SendAsync(request);
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(expected == response.StatusCode, $"{method} {path}: {(int)response.StatusCode} {text}");
        using var document = JsonDocument.Parse(text);
        return document.RootElement.Clone();
    }

    public static Task<JsonElement> GetAsync(HttpClient client, string path, HttpStatusCode expected = HttpStatusCode.OK) =>
        JsonAsync(client, HttpMethod.Get, path, expected: expected);

    public async ValueTask DisposeAsync()
    {
        _clients.ForEach(c => c.Dispose());
        await Node.DisposeAsync();
        await Server.StopAsync(new CancellationToken(canceled: true));
        await Server.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private static SocketsHttpHandler Handler(Func<CancellationToken, Task<Socket>> connect) => new()
    {
        UseProxy = false,
        ConnectCallback = async (_, cancellation) => new NetworkStream(await connect(cancellation), ownsSocket: true),
    };
}
