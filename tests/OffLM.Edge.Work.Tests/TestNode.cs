using Microsoft.Extensions.Logging.Abstractions;
using OffLM.Edge.Inference;
using OffLM.Edge.Metering;
using OffLM.Edge.Metering.Receipts;
using OffLM.Edge.Metering.Tariffs;
using OffLM.Edge.Signing;
using OffLM.Edge.Tests.Shared;
using OffLM.Edge.Work.Callers;
using OffLM.Edge.Work.Requests;
using OffLM.Edge.Work.Running;
using OffLM.ModelForge;

namespace OffLM.Edge.Work.Tests;

/// <summary>A node with the real engine, a real ledger and a small real model, in a folder of its own.</summary>
internal sealed class TestNode : IAsyncDisposable
{
    public const string Model = "tiny";

    /// <summary>One atto a token, nothing else: fees are easy to foresee.</summary>
    public static readonly Tariff OneAttoAToken = Tariff.Free with { Input = 1000, CachedInput = 1000, Output = 1000, Version = 1 };

    private readonly DirectoryInfo _folder;

    private TestNode(DirectoryInfo folder, NodeOptions options, Node node)
    {
        _folder = folder;
        Options = options;
        Node = node;
    }

    public Node Node { get; private set; }

    public NodeOptions Options { get; }

    public string KeyFile => Options.Key.Location;

    public static async Task<TestNode> StartAsync(Func<NodeOptions, NodeOptions>? configure = null)
    {
        var folder = Directory.CreateTempSubdirectory("offlm-work-");
        var models = Path.Combine(folder.FullName, "models");
        Forge.Write(Path.Combine(models, Model), ModelRecipe.Tiny with { Name = Model, Threads = 1 });
        var options = new NodeOptions
        {
            StateDirectory = folder.FullName,
            ModelsDirectory = models,
            Version = "test",
            Key = KeyUri.Parse("file:" + Path.Combine(folder.FullName, "keys", "node.json")),
            Tariff = OneAttoAToken,
            ShutdownGrace = TimeSpan.FromSeconds(2),
        };
        options = configure?.Invoke(options) ?? options;
        options = options with { Models = TestEngine.For(options.Models) };
        var node = Node.Open(options, TimeProvider.System, NullLoggerFactory.Instance);
        await node.StartAsync();
        return new TestNode(folder, options, node);
    }

    /// <summary>Stops the node and starts another on the same state.</summary>
    public Task RestartAsync() => StoppedAsync(() => { });

    /// <summary>Stops the node, does something to its state, and starts another on it.</summary>
    public async Task StoppedAsync(Action change)
    {
        await Node.DisposeAsync();
        change();
        Node = Node.Open(Options, TimeProvider.System, NullLoggerFactory.Instance);
        await Node.StartAsync();
    }

    public static WorkRequest Request(int maxTokens = 8, bool streaming = true) => new()
    {
        Model = Model,
        Prompt = "the answer is",
        MaxTokens = maxTokens,
        Sampling = new SamplingOptions { Seed = 7 },
        Seeded = true,
        Streaming = streaming,
    };

    /// <summary>A caller with a key whose use somebody pays for.</summary>
    public Caller Payer(UInt128? credit = null) => Caller.Of(Node.Keys.Add(new ApiKey
    {
        Id = "",
        Name = Guid.NewGuid().ToString(),
        Scope = Scope.Use,
        CreatedAt = default,
        CreditLimit = credit,
        Payer = Address.Parse("0x00000000000000000000000000000000000000aa"),
    }).Key);

    /// <summary>Asks and takes the whole answer, as an endpoint does.</summary>
    public async Task<(string Text, CompletedAnswer Completed)> AnswerAsync(Caller caller, WorkRequest request)
    {
        await using var answer = await Node.AskAsync(caller, request, CancellationToken.None);
        var text = "";
        await foreach (var piece in answer.ReadAsync(CancellationToken.None))
        {
            text += piece.Text;
            answer.Delivered(piece);
        }

        return (text, await answer.CompleteAsync());
    }

    public Receipt? Find(Bytes32 request)
    {
        using var reader = LedgerReader.Open(Options.LedgerPath);
        return reader.Find(request)?.Receipt;
    }

    /// <summary>Waits until something holds, and fails with what was waited for if it doesn't.</summary>
    public static async Task UntilAsync(Func<bool> holds, string what)
    {
        var deadline = DateTime.UtcNow + TimeSpan.FromSeconds(30);
        while (!holds())
        {
            Assert.True(DateTime.UtcNow < deadline, $"Waited in vain for: {what}");
            await Task.Yield();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Node.DisposeAsync();
        _folder.Delete(recursive: true);
    }
}
