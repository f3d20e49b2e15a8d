using System.Diagnostics;

namespace OffLM.Edge.Tests.Crash;

/// <summary>
/// How late this machine wakes those who sleep, and how long its disk takes to sync: what the bounds on what was under way at a kill must
/// allow for. One that still waits when asked counts with what it has waited.
/// </summary>
internal sealed class LagMeter : IAsyncDisposable
{
    private static readonly TimeSpan Nap = TimeSpan.FromMilliseconds(10);

    private readonly CancellationTokenSource _stop = new();
    private readonly FileStream _file;
    private readonly Task _sleeper;
    private readonly Thread _syncer;
    private readonly Probe _sleep = new();
    private readonly Probe _sync = new();

    /// <param name="folder">A folder on the disk that is measured.</param>
    public LagMeter(string folder)
    {
        _file = new FileStream(Path.Combine(folder, "lag.probe"), FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0, FileOptions.DeleteOnClose);
        _sleeper = Task.Run(SleepAsync);
        _syncer = new Thread(Sync) { IsBackground = true };
        _syncer.Start();
    }

    /// <summary>The worst lateness of the one and the other together since the last call.</summary>
    public TimeSpan TakeWorst() => _sleep.TakeWorst() + _sync.TakeWorst();

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _sleeper;
        _syncer.Join();
        await _file.DisposeAsync();
        _stop.Dispose();
    }

    private async Task SleepAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            _sleep.Begin(allowed: Nap);
            await Task.Delay(Nap, CancellationToken.None);
            _sleep.End();
        }
    }

    private void Sync()
    {
        var page = new byte[4096];
        do
        {
            _sync.Begin(allowed: TimeSpan.Zero);
            _file.Position = 0;
            _file.Write(page);
            _file.Flush(flushToDisk: true);
            _sync.End();
        }
        while (!_stop.Token.WaitHandle.WaitOne(5 * Nap));
    }

    /// <summary>The longest of a kind of wait.</summary>
    private sealed class Probe
    {
        private readonly Lock _gate = new();
        private TimeSpan _allowed;
        private TimeSpan _worst;
        private long? _begun;

        public void Begin(TimeSpan allowed)
        {
            lock (_gate)
            {
                _allowed = allowed;
                _begun = Stopwatch.GetTimestamp();
            }
        }

        public void End()
        {
            lock (_gate)
            {
                Count();
                _begun = null;
            }
        }

        public TimeSpan TakeWorst()
        {
            lock (_gate)
            {
                Count();
                var worst = _worst;
                _worst = TimeSpan.Zero;
                return worst;
            }
        }

        private void Count()
        {
            if (_begun is { } begun && Stopwatch.GetElapsedTime(begun) - _allowed is var late && late > _worst)
            {
                _worst = late;
            }
        }
    }
}
