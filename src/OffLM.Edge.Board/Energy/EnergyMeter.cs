namespace OffLM.Edge.Board.Energy;

/// <summary>
/// Integrates power, learns what the board draws at rest, and shares out the rest: each interval's energy above idle goes to the answers
/// that run in it, by the tokens they got in it. Thread-safe; adding a sample allocates nothing.
/// </summary>
/// <remarks>
/// Nothing is made up: what is attributed and what is left as idle are together what was measured. An answer that ends between two samples is
/// given its part of the interval at once, at the last known power, and the next sample pays for it.
/// </remarks>
public sealed class EnergyMeter
{
    /// <summary>The draw at rest is learned within this.</summary>
    private const double IdleSeconds = 20;

    /// <summary>After work a board draws more than at rest for a moment.</summary>
    private const double SettleSeconds = 3;

    private readonly Lock _gate = new();
    private readonly List<EnergyAccount> _open = [];
    private readonly TimeProvider _time;
    private double _measured;
    private double _attributed;
    private double _debt;
    private double _idleWatts = double.NaN;
    private double _watts = double.NaN;
    private double _restedFor;
    private long _sampledAt;

    /// <param name="idleWatts">A first guess of the draw at rest; null to begin with the first sample.</param>
    /// <param name="time">For what happens between two samples.</param>
    public EnergyMeter(double? idleWatts, TimeProvider time)
    {
        (_idleWatts, _time) = (idleWatts ?? double.NaN, time);
        _sampledAt = time.GetTimestamp();
    }

    /// <summary>Everything that was measured, joules.</summary>
    public double MeasuredJoules => Read(ref _measured) / 1e6;

    /// <summary>What answers were given, joules.</summary>
    public double AttributedJoules => Read(ref _attributed) / 1e6;

    /// <summary>What no answer was given: the draw at rest, and work that is nobody's, joules.</summary>
    public double IdleJoules
    {
        get
        {
            lock (_gate)
            {
                return (_measured - _attributed) / 1e6;
            }
        }
    }

    /// <summary>The learned draw at rest, watts; NaN before the first sample.</summary>
    public double IdleWatts => Read(ref _idleWatts);

    /// <summary>Says what is drawn before the first sample, for answers that end before it.</summary>
    /// <param name="milliwatts">Just read; NaN if that is not known.</param>
    public void Begin(double milliwatts)
    {
        lock (_gate)
        {
            _watts = milliwatts / 1000;
            Learn(0);
        }
    }

    /// <summary>Begins to count for an answer.</summary>
    /// <param name="hasBegun">False while it waits for its turn, which draws nothing; null for one that doesn't wait.</param>
    public EnergyAccount Open(Func<bool>? hasBegun = null)
    {
        var account = new EnergyAccount(this, hasBegun);
        lock (_gate)
        {
            _open.Add(account);
        }

        return account;
    }

    /// <summary>Takes a sample: the mean power since the one before.</summary>
    /// <param name="milliwatts">NaN for a sample that is missing: its energy is nobody's and not counted.</param>
    /// <param name="seconds">Since the sample before.</param>
    public void Add(double milliwatts, double seconds)
    {
        lock (_gate)
        {
            _sampledAt = _time.GetTimestamp();
            _watts = milliwatts / 1000;
            if (double.IsNaN(milliwatts))
            {
                return;
            }

            Learn(seconds);
            var energy = _watts * seconds * 1e6;
            _measured += energy;

            // What was given between the samples is paid first.
            var above = Math.Max(0, energy - (_idleWatts * seconds * 1e6));
            var paid = Math.Min(_debt, above);
            _debt -= paid;
            Share(above - paid);
        }
    }

    internal double Close(EnergyAccount account)
    {
        lock (_gate)
        {
            if (_open.Contains(account))
            {
                // The part of an interval that no sample covers yet, at the power of the last one; what others get of it is left to the next sample.
                var seconds = Math.Min(_time.GetElapsedTime(_sampledAt).TotalSeconds, 2 * BoardRuntime.Interval.TotalSeconds);
                var above = double.IsNaN(_watts) ? 0 : Math.Max(0, _watts - _idleWatts) * seconds * 1e6;
                var part = above * WeightOf(account) / Math.Max(1, Weights());
                account.Given += part;
                _attributed += part;
                _debt += part;
                _open.Remove(account);
            }

            return account.Given;
        }
    }

    internal double GivenTo(EnergyAccount account)
    {
        lock (_gate)
        {
            return account.Given;
        }
    }

    private double Read(ref double value)
    {
        lock (_gate)
        {
            return value;
        }
    }

    private void Learn(double seconds)
    {
        if (double.IsNaN(_idleWatts))
        {
            _idleWatts = _watts;
        }

        _restedFor = _open.Count == 0 ? _restedFor + seconds : 0;
        if (_restedFor >= SettleSeconds)
        {
            _idleWatts += (_watts - _idleWatts) * Math.Min(1, seconds / IdleSeconds);
        }
    }

    private void Share(double energy)
    {
        var weights = Weights();
        for (var i = 0; i < _open.Count; i++)
        {
            if (weights > 0)
            {
                var part = energy * WeightOf(_open[i]) / weights;
                _open[i].Given += part;
                _attributed += part;
            }
        }

        // Only now: each weight looks at the others' tokens.
        for (var i = 0; i < _open.Count; i++)
        {
            _open[i].Settle();
        }
    }

    private double Weights()
    {
        var sum = 0.0;
        for (var i = 0; i < _open.Count; i++)
        {
            sum += WeightOf(_open[i]);
        }

        return sum;
    }

    /// <summary>
    /// Its tokens. A prompt that is being computed has none yet, but gets a step in each round of the decode loop like the others: it counts as
    /// much as the busiest of them.
    /// </summary>
    private double WeightOf(EnergyAccount account)
    {
        if (!account.IsPrefilling)
        {
            return account.Fresh;
        }

        if (!account.HasBegun)
        {
            return 0;
        }

        var busiest = 1;
        for (var i = 0; i < _open.Count; i++)
        {
            busiest = Math.Max(busiest, _open[i].Fresh);
        }

        return busiest;
    }
}
