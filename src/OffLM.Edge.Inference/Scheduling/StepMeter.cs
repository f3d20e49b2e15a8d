namespace OffLM.Edge.Inference;

/// <summary>Where the decode thread's time goes. Written by that thread only; read from others.</summary>
internal sealed class StepMeter(TimeProvider clock)
{
    private long _since = clock.GetTimestamp();
    private bool _waiting = true;
    private long _engineTicks;
    private long _serviceTicks;
    private long _steps;
    private long _tokens;
    private long _promptTokens;

    internal long Steps => Volatile.Read(ref _steps);

    internal long Tokens => Volatile.Read(ref _tokens);

    internal long PromptTokens => Volatile.Read(ref _promptTokens);

    internal TimeSpan EngineTime => clock.GetElapsedTime(0, Volatile.Read(ref _engineTicks));

    internal TimeSpan ServiceTime => clock.GetElapsedTime(0, Volatile.Read(ref _serviceTicks));

    /// <summary>Counts the time until disposal as the engine's.</summary>
    internal Scope InEngine()
    {
        CountService();
        return new Scope(this);
    }

    /// <summary>What follows is waiting or pacing, which is nobody's work.</summary>
    internal void BeginWait()
    {
        CountService();
        _waiting = true;
    }

    internal void EndWait()
    {
        _since = clock.GetTimestamp();
        _waiting = false;
    }

    internal void AddStep() => Volatile.Write(ref _steps, _steps + 1);

    internal void AddToken() => Volatile.Write(ref _tokens, _tokens + 1);

    internal void AddPromptTokens(int count) => Volatile.Write(ref _promptTokens, _promptTokens + count);

    private void CountService()
    {
        var now = clock.GetTimestamp();
        if (!_waiting)
        {
            Volatile.Write(ref _serviceTicks, _serviceTicks + now - _since);
        }

        _since = now;
    }

    private void CountEngine()
    {
        var now = clock.GetTimestamp();
        Volatile.Write(ref _engineTicks, _engineTicks + now - _since);
        _since = now;
    }

    internal readonly struct Scope(StepMeter meter) : IDisposable
    {
        public void Dispose() => meter.CountEngine();
    }
}
