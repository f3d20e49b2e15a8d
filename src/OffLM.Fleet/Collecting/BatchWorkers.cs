using System.Threading.Channels;
using OffLM.Fleet.Store;
using OffLM.Fleet.Verification;

namespace OffLM.Fleet.Collecting;

/// <summary>Reads and checks batch messages on several threads; those of one topic in their order.</summary>
internal sealed class BatchWorkers : IAsyncDisposable
{
    /// <summary>Messages that wait for one worker at most.</summary>
    private const int QueueLimit = 16;

    private readonly Channel<(string Topic, byte[] Message)>[] _queues;
    private readonly Task[] _workers;

    /// <param name="check">What is checked.</param>
    /// <param name="store">Takes what was checked.</param>
    public BatchWorkers(ContentCheck check, StoreWriter store)
    {
        _queues = [.. Enumerable.Range(0, Environment.ProcessorCount).Select(_ => Channel.CreateBounded<(string, byte[])>(QueueLimit))];
        _workers = [.. _queues.Select(queue => WorkAsync(queue.Reader, check, store))];
    }

    /// <summary>Queues a message; waits while too many wait.</summary>
    public async ValueTask AddAsync(string topic, byte[] message, CancellationToken cancellation)
    {
        var queue = _queues[(uint)string.GetHashCode(topic, StringComparison.Ordinal) % _queues.Length];
        try
        {
            await queue.Writer.WriteAsync((topic, message), cancellation);
        }
        catch (ChannelClosedException)
        {
            // The collector is stopping; the node sends it again.
        }
    }

    /// <summary>Hands on what is queued and ends.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (var queue in _queues)
        {
            queue.Writer.TryComplete();
        }

        await Task.WhenAll(_workers);
    }

    private static async Task WorkAsync(ChannelReader<(string Topic, byte[] Message)> queue, ContentCheck check, StoreWriter store)
    {
        await foreach (var (topic, message) in queue.ReadAllAsync())
        {
            var arrival = Arrival.Read(topic, message, check);
            await store.AddAsync(new StoreWork(session => session.Book.Take(arrival)), CancellationToken.None);
        }
    }
}
