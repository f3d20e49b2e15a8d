using OffLM.Edge.Board.Boards;
using OffLM.Edge.Board.Sensors;

namespace OffLM.Edge.Board.Governing;

/// <summary>
/// Sets the decode pace so that neither a temperature limit nor the power budget is crossed: each zone's model says which power reaches
/// its limit some seconds ahead, and the load model which pace draws that. Decides once a second; never stops hard but at the critical
/// temperature. Allocates nothing. Not thread-safe.
/// </summary>
public sealed class Governor
{
    /// <summary>A zone is steered to this far below its limit: sensor noise and what the model does not know.</summary>
    private const double Guard = 0.4;

    /// <summary>So far ahead limits must hold; about a small chip's time constant.</summary>
    private const int HorizonSeconds = 8;

    /// <summary>The share of the budget that is steered to; the rest is for the sensors' and the load's jitter.</summary>
    private const double BudgetShare = 0.998;

    /// <summary>How strongly a mean beside the budget is corrected, per second.</summary>
    private const double TrimGain = 0.15;

    private const double MostTrim = 0.25;

    /// <summary>Slower than this nobody calls an answer; below it only a critical temperature helps.</summary>
    private const double SlowestPace = 0.03;

    /// <summary>Upwards the pace moves no faster, a second.</summary>
    private const double RisePerSecond = 0.08;

    /// <summary>Requests are taken again when every zone is this far below its limit.</summary>
    private const double RecoveryMargin = 3;

    private const double DecisionSeconds = 1;

    private static readonly ThermalPrior Unknown = new(10, 40, 10, 0.7);

    private readonly BoardSensors _sensors;
    private readonly ThermalModel[] _models;
    private readonly double[] _sums;
    private readonly int[] _counts;
    private readonly double? _budget;
    private readonly ThermalPrior _prior;
    private double _watts;
    private double _load;
    private double _seconds;
    private double _gap;
    private double _trim;

    /// <param name="sensors">The board's zones and power.</param>
    /// <param name="budgetWatts">What the whole board may draw on average; null for no limit.</param>
    public Governor(BoardSensors sensors, double? budgetWatts)
    {
        _sensors = sensors;
        _budget = budgetWatts;
        _prior = sensors.Board.Thermal ?? Unknown;
        Load = new LoadModel(sensors.Board.Thermal);
        _models = [.. sensors.Zones.Select(_ => new ThermalModel(_prior.SecondsConstant, _prior.DegreesPerWatt))];
        _sums = new double[_models.Length];
        _counts = new int[_models.Length];
    }

    /// <summary>Share of time that may be spent computing, 0 to 1.</summary>
    public double Pace { get; private set; } = 1;

    /// <summary>How the draw follows the load.</summary>
    public LoadModel Load { get; }

    /// <summary>True from a critical temperature until the board has cooled down.</summary>
    public bool IsCritical { get; private set; }

    /// <summary>True while a temperature, not the budget, sets the pace.</summary>
    public bool IsLimitedByHeat { get; private set; }

    /// <summary>True while the budget sets the pace.</summary>
    public bool IsLimitedByPower { get; private set; }

    /// <summary>Takes the readings of this moment, and decides when a second is full.</summary>
    /// <param name="load">Share of the time since the last call that was spent computing.</param>
    /// <param name="sensorsAreLost">True while no temperature can be read on a board that has some.</param>
    /// <param name="seconds">Since the last call.</param>
    public void Step(double load, bool sensorsAreLost, double seconds)
    {
        NoteCritical();
        for (var i = 0; i < _models.Length; i++)
        {
            var zone = _sensors.Zones[i];
            if (zone.IsGoverned && zone.Sensor.IsPresent)
            {
                _sums[i] += zone.Celsius;
                _counts[i]++;
            }
        }

        // A reading that is missing counts neither as nothing nor as anything: its time is left out.
        var milliwatts = _sensors.TotalMilliwatts;
        _watts += double.IsNaN(milliwatts) ? 0 : milliwatts / 1000 * seconds;
        _gap += double.IsNaN(milliwatts) ? seconds : 0;
        _load += load * seconds;
        _seconds += seconds;
        if (_seconds >= DecisionSeconds - 1e-6)
        {
            Decide(sensorsAreLost);
            (_watts, _load, _seconds, _gap) = (0, 0, 0, 0);
            Array.Clear(_sums);
            Array.Clear(_counts);
        }
    }

    private void NoteCritical() =>
        IsCritical = IsCritical ? !(_sensors.WorstMargin >= RecoveryMargin) : _sensors.WorstCriticalMargin <= 0;

    private void Decide(bool sensorsAreLost)
    {
        var load = _load / _seconds;
        var powerIsKnown = _gap < _seconds / 2;

        // Without a power sensor the board file's figures stand in; the model's c takes up what they miss.
        var watts = powerIsKnown ? _watts / (_seconds - _gap) : _prior.IdleWatts + ((_prior.FullWatts - _prior.IdleWatts) * load);
        Load.Observe(watts, load, _seconds);
        var byHeat = Load.PaceFor(AllowedByHeat(watts));
        var byPower = ByPower(watts, load, powerIsKnown);
        (IsLimitedByHeat, IsLimitedByPower) = (byHeat < 1 && byHeat <= byPower, byPower < 1 && byPower < byHeat);
        var pace = Math.Clamp(Math.Min(byHeat, byPower), SlowestPace, 1);
        pace = sensorsAreLost ? Math.Min(pace, 1) / 2 : pace;
        Pace = IsCritical ? 0 : Math.Min(pace, Pace + (RisePerSecond * _seconds));
    }

    private double AllowedByHeat(double watts)
    {
        var allowed = double.PositiveInfinity;
        for (var i = 0; i < _models.Length; i++)
        {
            if (_counts[i] == 0)
            {
                _models[i].Interrupt();
                continue;
            }

            _models[i].Observe(_sums[i] / _counts[i], watts);
            var power = _models[i].PowerFor(_sensors.Zones[i].Limit - Guard, HorizonSeconds);
            allowed = power < allowed ? power : allowed;
        }

        return allowed;
    }

    private double ByPower(double watts, double load, bool powerIsKnown)
    {
        if (_budget is not { } budget || _sensors.PowerSource == PowerSource.None)
        {
            return 1;
        }

        if (!powerIsKnown)
        {
            // A budget that can't be measured is held by what was learned, with some distance.
            return Math.Max(SlowestPace, Load.PaceFor(budget * 0.9));
        }

        // Only a pace that was used up says that the budget is not.
        var target = budget * BudgetShare;
        if (watts > target || load >= Pace * 0.95)
        {
            _trim = Math.Clamp(_trim + (TrimGain * (target - watts) / target * _seconds), -MostTrim, MostTrim);
        }

        return Load.PaceFor(target * (1 + Math.Min(_trim, 0.05)));
    }
}
