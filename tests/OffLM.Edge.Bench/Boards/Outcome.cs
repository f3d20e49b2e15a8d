namespace OffLM.Edge.Bench.Boards;

/// <summary>What an hour on a simulated board came to. Fed ten samples a second.</summary>
internal sealed class Outcome
{
    private const int Window = 100;
    private const int TraceEvery = 50;

    private readonly Queue<double> _window = new();
    private readonly List<Sample> _trace = [];
    private double _sum;
    private double _duty;
    private double _lastDuty = double.NaN;
    private int _direction;
    private int _count;

    /// <summary>The highest temperature of the die, degrees Celsius.</summary>
    public double Hottest { get; private set; }

    /// <summary>The highest mean power over ten seconds, watts.</summary>
    public double HighestWatts { get; private set; }

    public double Tokens { get; private set; }

    public double TokensPerSecond => Tokens / (_count / 10.0);

    /// <summary>Mean share of full fan speed.</summary>
    public double MeanDuty => _duty / _count;

    /// <summary>How often the fan's duty changed its direction.</summary>
    public int Turns { get; private set; }

    /// <summary>True if the firmware switched off.</summary>
    public bool SwitchedOff { get; set; }

    /// <summary>A sample each five seconds, for plots.</summary>
    public IReadOnlyList<Sample> Trace => _trace;

    public void Add(in Sample sample)
    {
        Hottest = Math.Max(Hottest, sample.Celsius);
        _window.Enqueue(sample.Watts);
        _sum += sample.Watts - (_window.Count > Window ? _window.Dequeue() : 0);
        HighestWatts = _window.Count == Window ? Math.Max(HighestWatts, _sum / Window) : HighestWatts;
        Tokens += sample.TokensPerSecond / 10;
        _duty += sample.FanDuty;
        var direction = double.IsNaN(_lastDuty) ? 0 : Math.Sign(sample.FanDuty - _lastDuty);
        Turns += direction != 0 && _direction != 0 && direction != _direction ? 1 : 0;
        _direction = direction == 0 ? _direction : direction;
        _lastDuty = sample.FanDuty;
        if (_count++ % TraceEvery == 0)
        {
            _trace.Add(sample);
        }
    }
}
