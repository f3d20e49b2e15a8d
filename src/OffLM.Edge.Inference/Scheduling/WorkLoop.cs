namespace OffLM.Edge.Inference;

/// <summary>A thread that does one piece of work after the other, and between two of them, and only there, calls the hook and obeys the pace.</summary>
/// <param name="options">Hook and pace.</param>
/// <param name="meter">Told when it waits.</param>
/// <param name="clock">What durations are measured with.</param>
internal sealed class WorkLoop(SchedulerOptions options, StepMeter meter, TimeProvider clock)
{
    private readonly Pacer _pacer = new(options.Pace, clock);
    private readonly AutoResetEvent _wake = new(false);
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile bool _stopping;

    /// <summary>Completes when the thread has ended.</summary>
    internal Task Ended => _ended.Task;

    /// <summary>Begins. All three are called on the thread only.</summary>
    /// <param name="name">The thread's.</param>
    /// <param name="next">Gives what to work on, and stays with it until that was done; null to wait for <see cref="Wake"/>.</param>
    /// <param name="work">Does a piece of it.</param>
    /// <param name="end">Called once, after the last piece.</param>
    internal void Start<T>(string name, Func<T?> next, Action<T> work, Action end)
        where T : class =>
        new Thread(() => Run(next, work, end)) { IsBackground = true, Name = name }.Start();

    /// <summary>Says that there may be work. From any thread.</summary>
    internal void Wake() => _wake.Set();

    /// <summary>Makes it end after the piece that it is at. From any thread, repeatedly.</summary>
    internal void Stop()
    {
        _stopping = true;
        Wake();
    }

    private void Run<T>(Func<T?> next, Action<T> work, Action end)
        where T : class
    {
        try
        {
            while (!_stopping)
            {
                var front = next();
                var rest = front is null ? Timeout.InfiniteTimeSpan : _pacer.Rest();
                if (front is null || rest > TimeSpan.Zero)
                {
                    meter.BeginWait();
                    _wake.WaitOne(rest);
                    meter.EndWait();
                    continue;
                }

                var begun = clock.GetTimestamp();
                work(front);
                _pacer.Worked(clock.GetElapsedTime(begun));
                options.BetweenSteps?.Invoke();
            }
        }
        finally
        {
            end();
            _ended.SetResult();
        }
    }
}
