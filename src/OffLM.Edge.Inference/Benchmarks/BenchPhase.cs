using System.Diagnostics;

namespace OffLM.Edge.Inference;

/// <summary>Part of a measurement: adds up how long work took, and rests between two pieces of it as the pace wants.</summary>
internal sealed class BenchPhase(BenchOptions options, CancellationToken cancellation)
{
    private readonly Pacer _pacer = new(options.Pace, TimeProvider.System);
    private readonly Func<double>? _energy = options.Energy?.Invoke();

    /// <summary>Rests not counted.</summary>
    internal TimeSpan Worked { get; private set; }

    /// <exception cref="OperationCanceledException">Before the work, never within it.</exception>
    internal void Work(Action work)
    {
        while (_pacer.Rest() is var rest && rest > TimeSpan.Zero)
        {
            cancellation.WaitHandle.WaitOne(rest);
            cancellation.ThrowIfCancellationRequested();
        }

        cancellation.ThrowIfCancellationRequested();
        var begun = Stopwatch.GetTimestamp();
        work();
        var duration = Stopwatch.GetElapsedTime(begun);
        Worked += duration;
        _pacer.Worked(duration);
    }

    /// <summary>Since the phase began; null where nothing measures.</summary>
    internal double? Joules() => _energy?.Invoke();
}
