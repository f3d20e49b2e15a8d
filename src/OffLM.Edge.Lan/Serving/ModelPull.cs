using System.Threading.Channels;
using OffLM.Edge.Inference;

namespace OffLM.Edge.Lan.Serving;

/// <summary>A model that is being fetched, and how far it is: as often as a person can follow, without waiting for one who reads slowly.</summary>
internal sealed class ModelPull : IProgress<PullProgress>
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);

    /// <summary>Redirects lead to where large files are; those take as long as they take, and silence is the puller's business.</summary>
    private static readonly HttpClient Http = new(new SocketsHttpHandler { PooledConnectionLifetime = TimeSpan.FromMinutes(10) })
    {
        Timeout = Timeout.InfiniteTimeSpan,
    };

    /// <summary>What a client that doesn't read misses; the newest reports are what counts.</summary>
    private readonly Channel<PullProgress> _reports =
        Channel.CreateBounded<PullProgress>(new BoundedChannelOptions(64) { FullMode = BoundedChannelFullMode.DropOldest });

    private readonly Lock _gate = new();
    private readonly TimeProvider _time;
    private long? _lastAt;
    private string? _lastFile;

    private ModelPull(ModelStore store, PullRequest request, TimeProvider time, CancellationToken cancellation)
    {
        _time = time;
        Completion = RunAsync(new ModelPuller(store, Http, time), request, cancellation);
    }

    /// <summary>The model; fails with <see cref="ModelPullException"/>. The reports end before it completes.</summary>
    public Task<StoredModel> Completion { get; }

    /// <summary>Begins to fetch.</summary>
    /// <param name="store">Where the model goes.</param>
    /// <param name="request">Which.</param>
    /// <param name="time">For pauses, silence and the reports.</param>
    /// <param name="cancellation">Interrupts it; the next pull goes on there.</param>
    public static ModelPull Start(ModelStore store, PullRequest request, TimeProvider time, CancellationToken cancellation) => new(store, request, time, cancellation);

    /// <summary>Waits for the first report.</summary>
    /// <returns>False if it ended without one.</returns>
    public ValueTask<bool> BeginsAsync() => _reports.Reader.WaitToReadAsync();

    /// <summary>The reports, until it ended, be it by cancellation.</summary>
    public IAsyncEnumerable<PullProgress> ReadAsync() => _reports.Reader.ReadAllAsync();

    void IProgress<PullProgress>.Report(PullProgress value)
    {
        lock (_gate)
        {
            var isDue = _lastAt is not { } at || _time.GetElapsedTime(at) >= Interval;
            if (isDue || value.File != _lastFile || value.FileCompleted == value.FileTotal)
            {
                _lastAt = _time.GetTimestamp();
                _lastFile = value.File;
                _reports.Writer.TryWrite(value);
            }
        }
    }

    private async Task<StoredModel> RunAsync(ModelPuller puller, PullRequest request, CancellationToken cancellation)
    {
        try
        {
            return await puller.PullAsync(request, this, cancellation);
        }
        finally
        {
            _reports.Writer.Complete();
        }
    }
}
