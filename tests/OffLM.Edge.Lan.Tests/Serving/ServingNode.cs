using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using OffLM.Edge.Inference;
using OffLM.Edge.Metering;
using OffLM.Edge.Metering.Receipts;
using OffLM.Edge.Signing;
using OffLM.Edge.Tests.Shared;
using OffLM.Edge.Work;
using OffLM.Edge.Work.Callers;
using OffLM.Edge.Work.Running;
using OffLM.ModelForge;

namespace OffLM.Edge.Lan.Tests.Serving;

/// <summary>A whole node with a small real model behind real HTTP on a free port.</summary>
public sealed class ServingNode : IAsyncDisposable
{
    /// <summary>A real model that knows of no tools.</summary>
    public const string Plain = "plain";

    /// <summary>A real model that makes embeddings.</summary>
    public const string Encoder = "tiny-encoder";

    public static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    private readonly DirectoryInfo _folder;
    private readonly LanServer _server;

    private ServingNode(DirectoryInfo folder, Node node, LanServer server)
    {
        _folder = folder;
        Node = node;
        _server = server;
        Address = new Uri(server.Addresses[0]);

        // A client that leaves closes its connection, instead of reading on for a while to keep it.
        Http = new HttpClient(new SocketsHttpHandler { ResponseDrainTimeout = TimeSpan.Zero }) { BaseAddress = Address, Timeout = Deadline };
    }

    public Node Node { get; }

    public Uri Address { get; }

    public HttpClient Http { get; }

    public string ModelsFolder => Path.Combine(_folder.FullName, "models");

    public static async Task<ServingNode> StartAsync(
        Func<LanOptions, LanOptions>? lan = null, Func<NodeOptions, NodeOptions>? configure = null, ModelRecipe? recipe = null)
    {
        var folder = Directory.CreateTempSubdirectory("offlm-lan-");
        var models = Path.Combine(folder.FullName, "models");
        recipe ??= ModelRecipe.Tiny with { Threads = 1 };
        Forge.Write(Path.Combine(models, recipe.Name), recipe);
        WritePlain(Path.Combine(models, Plain), recipe);
        Forge.Write(Path.Combine(models, Encoder), EncoderRecipe.Tiny);
        var options = new NodeOptions
        {
            StateDirectory = folder.FullName,
            ModelsDirectory = models,
            Version = "1.2.3",
            Key = KeyUri.Parse("file:" + Path.Combine(folder.FullName, "node.key")),
            Models = new ModelHostOptions { MaxLoaded = 2, Scheduler = new SchedulerOptions { MaxActive = 8 } },
        };
        options = configure?.Invoke(options) ?? options;
        options = options with { Models = TestEngine.For(options.Models) };
        var node = Node.Open(options, TimeProvider.System, NullLoggerFactory.Instance);
        await node.StartAsync();
        var lanOptions = new LanOptions { Listen = [new IPEndPoint(IPAddress.Loopback, 0)] };
        var server = LanServer.Create(node, lan?.Invoke(lanOptions) ?? lanOptions, NullLoggerFactory.Instance);
        await server.StartAsync(CancellationToken.None);
        return new ServingNode(folder, node, server);
    }

    /// <summary>A client that shows a key.</summary>
    public HttpClient WithKey(ApiKey template)
    {
        var (_, secret) = Node.Keys.Add(template);
        var http = new HttpClient { BaseAddress = Address, Timeout = Deadline };
        http.DefaultRequestHeaders.Authorization = new("Bearer", secret);
        return http;
    }

    /// <summary>The receipt of a request once it is in the ledger.</summary>
    public async Task<Receipt> ReceiptAsync(string request)
    {
        using var deadline = new CancellationTokenSource(Deadline);
        while (true)
        {
            using (var reader = Node.Ledger.Read())
            {
                if (reader.Find(Bytes32.Parse(request))?.Receipt is { } receipt)
                {
                    return receipt;
                }
            }

            await Task.Delay(20, deadline.Token);
        }
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await _server.StopAsync(new CancellationTokenSource(TimeSpan.FromSeconds(5)).Token);
        await _server.DisposeAsync();
        await Node.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    private static void WritePlain(string folder, ModelRecipe recipe)
    {
        Forge.Write(folder, recipe with { Name = Plain, Seed = 7 });
        var manifest = Path.Combine(folder, ModelManifest.FileName);
        File.WriteAllText(manifest, System.Text.RegularExpressions.Regex.Replace(File.ReadAllText(manifest), "(?s),\\s*\"tools\"", ""));
    }
}

/// <summary>One node for the tests that only ask it things.</summary>
public sealed class SharedNode : IAsyncLifetime
{
    public ServingNode Node { get; private set; } = null!;

    public async Task InitializeAsync() => Node = await ServingNode.StartAsync();

    public async Task DisposeAsync() => await Node.DisposeAsync();
}

/// <summary>The tests that share a node.</summary>
[CollectionDefinition(Name)]
public sealed class SharedNodeTests : ICollectionFixture<SharedNode>
{
    public const string Name = "A node with a tiny model";
}
