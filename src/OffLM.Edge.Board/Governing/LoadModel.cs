using OffLM.Edge.Board.Boards;

namespace OffLM.Edge.Board.Governing;

/// <summary>How the board's draw follows the share of time that is spent computing: idle plus a slope, both learned while running.</summary>
public sealed class LoadModel
{
    /// <summary>A computing board's draw is learned within this; it rises with heat.</summary>
    private const double SlopeSeconds = 6;

    private const double IdleSeconds = 30;

    /// <summary>From this load on, the draw says something about computing.</summary>
    private const double Computing = 0.15;

    /// <summary>Less than this is no board that computes, watts.</summary>
    private const double LeastSlope = 2;

    private bool _isKnown;

    /// <param name="prior">The board's figures; null to begin with what is measured first.</param>
    public LoadModel(ThermalPrior? prior)
    {
        IdleWatts = prior?.IdleWatts ?? double.NaN;
        Slope = prior is null ? double.NaN : prior.FullWatts - prior.IdleWatts;
        _isKnown = prior is not null;
    }

    /// <summary>Drawn at rest; NaN before it was ever measured.</summary>
    public double IdleWatts { get; private set; }

    /// <summary>Drawn on top while computing without pause; NaN before it was ever measured.</summary>
    public double Slope { get; private set; }

    public void Observe(double watts, double load, double seconds)
    {
        if (load < 0.01)
        {
            IdleWatts = double.IsNaN(IdleWatts) ? watts : IdleWatts + ((watts - IdleWatts) * Math.Min(1, seconds / IdleSeconds));
        }
        else if (load >= Computing)
        {
            IdleWatts = double.IsNaN(IdleWatts) ? watts / 3 : IdleWatts;
            var slope = Math.Max(LeastSlope, (watts - IdleWatts) / load);
            Slope = _isKnown ? Slope + ((slope - Slope) * Math.Min(1, seconds / SlopeSeconds)) : slope;
            _isKnown = true;
        }
    }

    /// <summary>Reckons with clocks that are about to change, by the square of their ratio.</summary>
    public void ClocksChange(double ratio) => Slope *= Math.Max(1, ratio * ratio);

    /// <summary>The pace that draws so much; 1 while nothing is known.</summary>
    public double PaceFor(double watts) => double.IsNaN(Slope) || double.IsNaN(IdleWatts) ? 1 : (watts - IdleWatts) / Slope;
}
