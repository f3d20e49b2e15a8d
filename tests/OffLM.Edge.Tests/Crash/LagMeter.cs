using System.Diagnostics;

namespace OffLM.Edge.Tests.Crash;

/// <summary>How late this machine wakes those who sleep: what the bound on unbilled tokens must allow for.</summary>
internal sealed class LagMeter : IAsyncDisposable
{
    private static readonly TimeSpan Nap = TimeSpan.FromMilliseconds(10);

    private readonly CancellationTokenSource _stop = new();
    private readonly Task _loop;
    private long _worst;

    public LagMeter() => _loop = Task.Run(MeasureAsync);

    /// <summary>The worst lateness since the last call.</summary>
    public TimeSpan TakeWorst() => new(Interlocked.Exchange(ref _worst, 0));

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _loop;
        _stop.Dispose();
    }

    private async Task MeasureAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            var begun = Stopwatch.GetTimestamp();
            await Task.Delay(Nap, CancellationToken.None);
            var late = (Stopwatch.GetElapsedTime(begun) - Nap).Ticks;
            if (late > Interlocked.Read(ref _worst))
            {
                Interlocked.Exchange(ref _worst, late);
            }
        }
    }
}
