using OffLM.Edge.Board.Boards;

namespace OffLM.Edge.Board.Fan;

/// <summary>
/// Decides how fast the fan turns: proportional-integral on the worst zone's margin, looking a little ahead, with limited slew, hysteresis
/// where it would turn round, a minimum and a starting duty. Pure: it knows neither files nor clocks.
/// </summary>
public sealed class FanController(FanRules rules)
{
    /// <summary>Share of full speed for each degree above the setpoint.</summary>
    private const double Gain = 0.15;

    /// <summary>The integral does as much as the proportional part in this time; half a small sink's time constant.</summary>
    private const double IntegralSeconds = 35;

    /// <summary>So far ahead the margin is extrapolated; the fan's own inertia and the sink's slowness.</summary>
    private const double LookAheadSeconds = 22;

    /// <summary>Smooths the margin; a sensor's noise is no reason to be heard.</summary>
    private const double FilterSeconds = 3;

    /// <summary>Smooths its slope, which noise harms most.</summary>
    private const double SlopeFilterSeconds = 8;

    /// <summary>The fastest change that is not startling, share of full speed a second.</summary>
    private const double SlewPerSecond = 0.06;

    /// <summary>A change smaller than this is not worth a write.</summary>
    private const double SmallestChange = 0.012;

    /// <summary>A change against the direction of the last one must be this large.</summary>
    private const double SmallestReversal = 0.03;

    /// <summary>Nothing is done about a deviation this small, in degrees: without it the fan would hunt between two steps for ever.</summary>
    private const double DeadZone = 0.35;

    /// <summary>This far over the limit the profile's quiet is over.</summary>
    private const double Emergency = 4;

    /// <summary>So long nothing may be wanted of a turning fan before it stops: starting is what is heard.</summary>
    private const double StopAfterSeconds = 30;

    private const double StartSeconds = 2;

    /// <summary>Below this no fan turns, revolutions per minute. Chips that time a revolution say that little of a fan that stands: an AMC6821, whose counter ends, 91.</summary>
    private const double SlowestTurning = 100;

    /// <summary>No revolution for so long while it should turn is a stall.</summary>
    private const double StallSeconds = 5;

    /// <summary>Between two attempts to free a fan that stalls.</summary>
    private const double FreeingIntervalSeconds = 60;

    private double _margin = double.NaN;
    private double _slope;
    private double _integral;
    private double _wanted;
    private double _duty;
    private int _direction;
    private double _idleFor;
    private double _startingFor;
    private double _stillFor;
    private double _freeingIn;
    private double _startDuty = rules.StartDuty;

    /// <summary>True while it doesn't turn although it should.</summary>
    public bool IsStalled { get; private set; }

    /// <summary>What starts this fan, as far as is known: the board's figure, raised where that was not enough.</summary>
    public double StartDuty => _startDuty;

    /// <summary>Goes on from where the fan is.</summary>
    public void Begin(double duty)
    {
        (_duty, _wanted, _integral) = (duty, duty, duty);
        (_margin, _slope, _direction) = (double.NaN, 0, 0);
    }

    /// <summary>The duty for now, 0 to 1.</summary>
    /// <param name="profile">What matters more.</param>
    /// <param name="margin">Degrees that the worst zone is below its limit; NaN if sensors are lost, which is the safe state: full speed.</param>
    /// <param name="rpm">Revolutions per minute; NaN without a tachometer.</param>
    /// <param name="seconds">Since the last call.</param>
    public double Step(FanProfile profile, double margin, double rpm, double seconds)
    {
        if (double.IsNaN(margin))
        {
            _margin = double.NaN;
            Watch(rpm, seconds);
            return _duty = _wanted = 1;
        }

        Filter(margin, seconds);
        var maximum = margin < -Emergency ? 1 : profile.MaximumDuty;
        var excess = Beyond(profile.Margin - (_margin + (_slope * LookAheadSeconds)));
        var proportional = Gain * excess;

        // The integral, too, works on what is to come: a fan that waits for the heat to be there lets it overshoot by degrees.
        // Kept from winding up: with the proportional part it never asks for more than there is, and never for less than nothing by more than that part.
        var integral = _integral + (Gain / IntegralSeconds * excess * seconds);
        _integral = Math.Clamp(integral, 0, Math.Max(0, maximum - Math.Max(0, proportional)));
        Move(Math.Clamp(proportional + _integral, 0, maximum), seconds);
        var duty = Running(seconds);
        Watch(rpm, seconds);
        return _freeingIn > FreeingIntervalSeconds - StartSeconds && IsStalled ? 1 : duty;
    }

    private static double Beyond(double excess) => Math.Abs(excess) < DeadZone ? 0 : excess - (Math.Sign(excess) * DeadZone);

    private void Filter(double margin, double seconds)
    {
        if (double.IsNaN(_margin))
        {
            (_margin, _slope) = (margin, 0);
            return;
        }

        var before = _margin;
        _margin += (margin - _margin) * Math.Min(1, seconds / FilterSeconds);
        _slope += (((_margin - before) / seconds) - _slope) * Math.Min(1, seconds / SlopeFilterSeconds);
    }

    /// <summary>Follows what is wanted, slowly, and turns round only for a reason.</summary>
    private void Move(double target, double seconds)
    {
        var step = target - _wanted;
        var direction = Math.Sign(step);
        var edge = target is 0 || target >= 1;
        if (Math.Abs(step) < (direction == _direction || _direction == 0 ? SmallestChange : SmallestReversal) && !(edge && step != 0 && direction == _direction))
        {
            return;
        }

        _direction = direction;
        _wanted += Math.Clamp(step, -SlewPerSecond * seconds, SlewPerSecond * seconds);
    }

    /// <summary>A fan turns at its minimum at least, or stands; from rest it needs a push.</summary>
    private double Running(double seconds)
    {
        if (_duty == 0)
        {
            if (_wanted < rules.MinimumDuty)
            {
                return 0;
            }

            _startingFor = StartSeconds;
        }

        _idleFor = _wanted < rules.MinimumDuty / 2 ? _idleFor + seconds : 0;
        if (rules.MayStop && _idleFor >= StopAfterSeconds)
        {
            return _duty = 0;
        }

        _startingFor = Math.Max(0, _startingFor - seconds);
        return _duty = Math.Max(Math.Max(_wanted, rules.MinimumDuty), _startingFor > 0 ? _startDuty : 0);
    }

    private void Watch(double rpm, double seconds)
    {
        _freeingIn = Math.Max(0, _freeingIn - seconds);
        if (double.IsNaN(rpm) || rpm > SlowestTurning || _duty == 0)
        {
            (_stillFor, IsStalled) = (0, false);
            return;
        }

        _stillFor += seconds;
        if (_stillFor < StallSeconds)
        {
            return;
        }

        IsStalled = true;
        if (_freeingIn == 0)
        {
            // Full speed for a moment; and the next start begins with more.
            _freeingIn = FreeingIntervalSeconds;
            _startDuty = Math.Min(1, _startDuty + 0.1);
        }
    }
}
