using System.Threading.Channels;
using OffLM.Edge.Inference;

namespace OffLM.Edge.Lan.Ollama;

/// <summary>Takes the reports of a pull and passes on what a person can follow.</summary>
internal sealed class PullReports(TimeProvider time) : IProgress<PullProgress>
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);

    /// <summary>What a client that doesn't read misses; the newest reports are what counts.</summary>
    private readonly Channel<PullProgress> _reports =
        Channel.CreateBounded<PullProgress>(new BoundedChannelOptions(64) { FullMode = BoundedChannelFullMode.DropOldest });

    private readonly Lock _gate = new();
    private long? _lastAt;
    private string? _lastFile;

    public void Report(PullProgress value)
    {
        lock (_gate)
        {
            var isDue = _lastAt is not { } at || time.GetElapsedTime(at) >= Interval;
            if (isDue || value.File != _lastFile || value.FileCompleted == value.FileTotal)
            {
                _lastAt = time.GetTimestamp();
                _lastFile = value.File;
                _reports.Writer.TryWrite(value);
            }
        }
    }

    public void End() => _reports.Writer.Complete();

    public IAsyncEnumerable<PullProgress> ReadAsync() => _reports.Reader.ReadAllAsync();
}
