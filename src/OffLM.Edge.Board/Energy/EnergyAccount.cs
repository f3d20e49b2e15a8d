namespace OffLM.Edge.Board.Energy;

/// <summary>What one answer has drawn above idle. Thread-safe.</summary>
public sealed class EnergyAccount
{
    private readonly EnergyMeter _meter;
    private readonly Func<bool>? _hasBegun;
    private long _tokens;
    private long _settled;

    internal EnergyAccount(EnergyMeter meter, Func<bool>? hasBegun) => (_meter, _hasBegun) = (meter, hasBegun);

    /// <summary>Microjoules so far.</summary>
    public ulong Microjoules => (ulong)_meter.GivenTo(this);

    /// <summary>Microjoules, guarded by the meter.</summary>
    internal double Given { get; set; }

    /// <summary>Tokens since the last sample.</summary>
    internal int Fresh => (int)Math.Min(int.MaxValue, Interlocked.Read(ref _tokens) - _settled);

    /// <summary>False while it waits for its turn.</summary>
    internal bool HasBegun => _hasBegun?.Invoke() ?? true;

    /// <summary>True until its first token.</summary>
    internal bool IsPrefilling => Interlocked.Read(ref _tokens) == 0;

    /// <summary>Counts tokens that it got.</summary>
    public void Add(int tokens) => Interlocked.Add(ref _tokens, tokens);

    /// <summary>Ends it. Doesn't wait for a sample. May be called again.</summary>
    /// <returns>Microjoules in all.</returns>
    public ulong Close() => (ulong)_meter.Close(this);

    internal void Settle() => _settled = Interlocked.Read(ref _tokens);
}
