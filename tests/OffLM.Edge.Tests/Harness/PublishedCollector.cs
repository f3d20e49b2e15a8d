namespace OffLM.Edge.Tests.Harness;

/// <summary>How a collector is started.</summary>
/// <param name="Folder">Where its database and key are; kept after its end.</param>
/// <param name="Broker">The broker's URL.</param>
internal sealed record CollectorSetup(string Folder, Uri Broker)
{
    /// <summary>More options to <c>collect</c>.</summary>
    public IReadOnlyList<string> Options { get; init; } = ["--trust-on-first-use"];

    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    public string Database => Path.Combine(Folder, "fleet.db");

    public string Key => Path.Combine(Folder, "collector.json");
}

/// <summary>The published collector as a child process.</summary>
internal sealed class PublishedCollector : IAsyncDisposable
{
    private static readonly TimeSpan StartDeadline = TimeSpan.FromSeconds(30);

    private readonly ChildProgram _program;
    private readonly CollectorSetup _setup;

    private PublishedCollector(CollectorSetup setup)
    {
        _setup = setup;
        Directory.CreateDirectory(setup.Folder);
        string[] command =
        [
            PublishedProgram.Fleet, "collect", "--db", setup.Database, "--key", setup.Key, "--broker", setup.Broker.ToString(), .. setup.Options,
        ];
        _program = new ChildProgram("collector", command, setup.Environment);
    }

    public CollectorSetup Setup => _setup;

    /// <inheritdoc cref="ChildProgram.Log"/>
    public string Log => _program.Log;

    /// <summary>Starts a collector and doesn't wait.</summary>
    public static PublishedCollector Launch(CollectorSetup setup) => new(setup);

    /// <summary>Starts a collector and waits until it listens to the broker.</summary>
    /// <exception cref="InvalidOperationException">It ended instead; the message has its log.</exception>
    public static async Task<PublishedCollector> StartAsync(CollectorSetup setup)
    {
        var collector = new PublishedCollector(setup);
        try
        {
            await Until.TrueAsync(StartDeadline, () => collector.IsReady(), $"The collector is not ready after {StartDeadline.TotalSeconds} s.");
            return collector;
        }
        catch
        {
            await collector.DisposeAsync();
            throw;
        }
    }

    /// <summary>The address that its verdicts are signed with; its key is made if there is none.</summary>
    public static async Task<string> AddressAsync(CollectorSetup setup)
    {
        Directory.CreateDirectory(setup.Folder);
        return (await Command.RunAsync(PublishedProgram.Fleet, ["key", "show", "--json", "--key", setup.Key])).Succeeded().Json.GetProperty("address").GetString()!;
    }

    /// <inheritdoc cref="ChildProgram.Kill9Async"/>
    public Task Kill9Async() => _program.Kill9Async();

    /// <inheritdoc cref="ChildProgram.StopAsync"/>
    public Task<int> StopAsync() => _program.StopAsync();

    /// <inheritdoc cref="ChildProgram.ProcStatus"/>
    public long ProcStatus(string field) => _program.ProcStatus(field);

    public ValueTask DisposeAsync() => _program.DisposeAsync();

    private bool IsReady()
    {
        _program.RequireRunning();
        return Log.Contains("collecting", StringComparison.OrdinalIgnoreCase);
    }
}
