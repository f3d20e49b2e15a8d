using OffLM.Edge.Board.Sensors;

namespace OffLM.Edge.Board.Energy;

/// <summary>The last hour in steps of ten seconds, and today's and yesterday's energy with what it cost. Adding allocates nothing. Not thread-safe.</summary>
public sealed class PowerHistory(ElectricityPrice? price, TimeProvider time)
{
    private const int Capacity = 360;
    private const double StepSeconds = 10;

    private readonly PowerStep[] _steps = new PowerStep[Capacity];
    private PowerStep _sum;
    private double _seconds;
    private double _measuredSeconds;
    private int _next;
    private int _count;
    private DateOnly _day;

    /// <summary>Since midnight on the wall, or since the start if that was later.</summary>
    public DayOfPower Today { get; private set; }

    /// <summary>The day before; all zero without one.</summary>
    public DayOfPower Yesterday { get; private set; }

    /// <summary>The steps, oldest first.</summary>
    public IReadOnlyList<PowerStep> Steps
    {
        get
        {
            var steps = new PowerStep[_count];
            for (var i = 0; i < _count; i++)
            {
                steps[i] = _steps[(_next - _count + i + Capacity) % Capacity];
            }

            return steps;
        }
    }

    /// <summary>Takes the readings of this moment.</summary>
    public void Add(BoardSensors sensors, double hottest, double pace, double seconds)
    {
        var milliwatts = sensors.TotalMilliwatts;
        NoteDay(double.IsNaN(milliwatts) ? 0 : milliwatts / 1000 * seconds, seconds);
        if (!double.IsNaN(milliwatts))
        {
            _measuredSeconds += seconds;
            _sum.Watts += milliwatts / 1000 * seconds;
        }

        _sum.Celsius += hottest * seconds;
        _sum.Pace += pace * seconds;
        _sum.FanDuty += (sensors.Fan?.Duty ?? double.NaN) * seconds;
        _seconds += seconds;
        if (_seconds < StepSeconds - 1e-6)
        {
            return;
        }

        _steps[_next] = new PowerStep
        {
            At = time.GetUtcNow(),
            Watts = _measuredSeconds > 0 ? _sum.Watts / _measuredSeconds : double.NaN,
            Celsius = _sum.Celsius / _seconds,
            Pace = _sum.Pace / _seconds,
            FanDuty = _sum.FanDuty / _seconds,
        };
        _next = (_next + 1) % Capacity;
        _count = Math.Min(_count + 1, Capacity);
        (_sum, _seconds, _measuredSeconds) = (default, 0, 0);
    }

    private void NoteDay(double joules, double seconds)
    {
        var now = time.GetLocalNow();
        var day = DateOnly.FromDateTime(now.DateTime);
        if (day != _day)
        {
            (Yesterday, Today, _day) = (_day == day.AddDays(-1) ? Today : default, default, day);
        }

        Today = new(Today.Joules + joules, Today.Cost + (price?.Of(joules, now.Hour) ?? 0), Today.Seconds + seconds);
    }
}

/// <summary>Ten seconds: means. NaN for what could not be read.</summary>
public record struct PowerStep
{
    /// <summary>Its end.</summary>
    public DateTimeOffset At { get; set; }

    public double Watts { get; set; }

    /// <summary>The hottest governed zone.</summary>
    public double Celsius { get; set; }

    /// <summary>Share of time that could be spent computing.</summary>
    public double Pace { get; set; }

    /// <summary>Share of full speed.</summary>
    public double FanDuty { get; set; }
}

/// <summary>A day, or the part of it that the node ran.</summary>
/// <param name="Joules">Drawn by the whole board.</param>
/// <param name="Cost">In the household's currency; 0 without a price.</param>
/// <param name="Seconds">How long it was measured.</param>
public readonly record struct DayOfPower(double Joules, double Cost, double Seconds);
