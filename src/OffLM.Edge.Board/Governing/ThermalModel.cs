namespace OffLM.Edge.Board.Governing;

/// <summary>
/// How one zone follows power, to first order: next = a·now + b·power + c, a step a second. a and b are fitted by recursive least squares
/// to the differences of two steps, so that what changes slowly (the sink, the room, the fan) falls out; c follows it.
/// </summary>
public sealed class ThermalModel
{
    /// <summary>What is learned fades with about this many informative seconds.</summary>
    private const double Forgetting = 0.995;

    /// <summary>Only a step in power tells something, and the way a zone follows it: watts, and degrees in a second. What is smaller is noise.</summary>
    private const double InformativeWatts = 1.5;
    private const double InformativeDegrees = 0.3;

    /// <summary>How quickly c follows, a share of the surprise each second.</summary>
    private const double OffsetGain = 0.15;

    /// <summary>Time constants beyond these are a fit gone wrong, seconds.</summary>
    private const double ShortestSeconds = 2;
    private const double LongestSeconds = 120;

    /// <summary>The learned gain may differ from the first guess by this factor.</summary>
    private const double Trust = 3;

    private readonly double _b0;
    private double _c = double.NaN;
    private double _lastCelsius = double.NaN;
    private double _lastWatts;
    private double _beforeCelsius = double.NaN;
    private double _beforeWatts;
    private (double Aa, double Ab, double Bb) _p = (1, 0, 1);

    /// <param name="secondsConstant">First guess of the time constant.</param>
    /// <param name="degreesPerWatt">First guess of the gain.</param>
    public ThermalModel(double secondsConstant, double degreesPerWatt)
    {
        A = Math.Exp(-1 / secondsConstant);
        _b0 = B = (1 - A) * degreesPerWatt;
    }

    /// <summary>What is left of a deviation after a second.</summary>
    public double A { get; private set; }

    /// <summary>Degrees that a watt brings in a second.</summary>
    public double B { get; private set; }

    /// <summary>Takes a second's mean temperature and the mean power during it.</summary>
    public void Observe(double celsius, double watts)
    {
        if (!double.IsNaN(_lastCelsius))
        {
            _c = double.IsNaN(_c)
                ? celsius - (A * _lastCelsius) - (B * _lastWatts)
                : _c + (OffsetGain * (celsius - (A * _lastCelsius) - (B * _lastWatts) - _c));
            if (!double.IsNaN(_beforeCelsius))
            {
                Fit(celsius - _lastCelsius, _lastCelsius - _beforeCelsius, _lastWatts - _beforeWatts);
            }
        }

        (_beforeCelsius, _beforeWatts) = (_lastCelsius, _lastWatts);
        (_lastCelsius, _lastWatts) = (celsius, watts);
    }

    /// <summary>Forgets the recent past: there was a gap.</summary>
    public void Interrupt() => (_lastCelsius, _beforeCelsius, _c) = (double.NaN, double.NaN, double.NaN);

    /// <summary>The temperature after some seconds at a power; NaN before two observations.</summary>
    public double Predict(double watts, int seconds)
    {
        var left = Math.Pow(A, seconds);
        return (left * _lastCelsius) + (((B * watts) + _c) * (1 - left) / (1 - A));
    }

    /// <summary>The power that brings a temperature within some seconds; NaN before two observations.</summary>
    public double PowerFor(double celsius, int seconds)
    {
        var left = Math.Pow(A, seconds);
        return (((celsius - (left * _lastCelsius)) * (1 - A) / (1 - left)) - _c) / B;
    }

    private void Fit(double change, double lastChange, double power)
    {
        if (Math.Abs(power) < InformativeWatts && Math.Abs(lastChange) < InformativeDegrees)
        {
            return;
        }

        var (aa, ab, bb) = _p;
        var (ga, gb) = ((aa * lastChange) + (ab * power), (ab * lastChange) + (bb * power));
        var scale = Forgetting + (lastChange * ga) + (power * gb);
        var error = change - (A * lastChange) - (B * power);
        _p = ((aa - (ga * ga / scale)) / Forgetting, (ab - (ga * gb / scale)) / Forgetting, (bb - (gb * gb / scale)) / Forgetting);
        A = Math.Clamp(A + (ga * error / scale), Math.Exp(-1 / ShortestSeconds), Math.Exp(-1 / LongestSeconds));
        B = Math.Clamp(B + (gb * error / scale), _b0 / Trust, _b0 * Trust);
    }
}
