using System.Collections.Concurrent;

namespace OffLM.Edge.Signing.Cards;

/// <summary>The one thread that talks with a card: its calls block for up to some seconds, and nothing else waits behind them.</summary>
internal sealed class CardThread : IDisposable
{
    /// <summary>How long the end of a running command is waited for. A command ends by itself; until then the reader stays reserved.</summary>
    private static readonly TimeSpan EndPatience = TimeSpan.FromSeconds(2);

    private readonly BlockingCollection<Action> _work = [];
    private readonly Thread _thread;

    public CardThread()
    {
        _thread = new Thread(Loop) { Name = "card", IsBackground = true };
        _thread.Start();
    }

    /// <summary>Does a piece of work after those given before.</summary>
    /// <param name="work">Blocks; it is not interrupted.</param>
    /// <param name="cancellation">Stops the waiting. Work that has begun goes on, work that has not is left out.</param>
    public async Task<T> RunAsync<T>(Func<T> work, CancellationToken cancellation)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        _work.Add(
            () =>
            {
                try
                {
                    cancellation.ThrowIfCancellationRequested();
                    done.SetResult(work());
                }
                catch (Exception e)
                {
                    done.SetException(e);
                }
            },
            cancellation);
        return await done.Task.WaitAsync(cancellation);
    }

    /// <summary>Does a last piece of work and ends.</summary>
    public void Finish(Action last)
    {
        _work.Add(last);
        _work.CompleteAdding();
        _ = _thread.Join(EndPatience);
    }

    public void Dispose() => _work.CompleteAdding();

    private void Loop()
    {
        foreach (var work in _work.GetConsumingEnumerable())
        {
            work();
        }
    }
}
