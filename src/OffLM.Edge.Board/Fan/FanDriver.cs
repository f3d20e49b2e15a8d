using OffLM.Edge.Board.Boards;
using OffLM.Edge.Board.Sensors;
using OffLM.Edge.Board.Sysfs;

namespace OffLM.Edge.Board.Fan;

/// <summary>Holds the fan: takes it over, writes what the controller decides, and lets go where another program writes, too.</summary>
public sealed class FanDriver(FanDevice fan, FanRules rules, TimeProvider time)
{
    /// <summary>So many times the PWM was another than was written before the fan is left to whoever writes it.</summary>
    private const int Conflicts = 3;

    /// <summary>Conflicts further apart are accidents; NVIDIA's program writes every two seconds.</summary>
    private static readonly TimeSpan Forgotten = TimeSpan.FromMinutes(1);

    /// <summary>Then it is tried again; the other program may have been stopped.</summary>
    private static readonly TimeSpan YieldFor = TimeSpan.FromMinutes(10);

    /// <summary>After a write that failed: a chip on a bus may have been busy, or its driver comes back.</summary>
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(10);

    private readonly FanController _controller = new(rules);
    private int? _written;
    private int _conflicts;
    private long _yieldedAt;
    private long _conflictAt;
    private bool _isYielding;
    private bool _isRefused;
    private long _refusedAt;

    /// <summary>True while the fan does what this says.</summary>
    public bool IsHeld { get; private set; }

    /// <summary>What is wrong, in a sentence; null if nothing is.</summary>
    public string? Problem =>
        _isRefused ? $"The fan can't be controlled: {fan.PwmPath} can't be written. Run the node as root, or let its user write there, and see that the driver is loaded."
        : _isYielding ? "Another program controls the fan; the node leaves it alone. Stop it (on a Jetson: systemctl disable --now nvfancontrol), or set board.fan to off."
        : _controller.IsStalled ? "The fan does not turn although it is told to. Look whether something blocks it; the node computes only as fast as the board stays cool."
        : null;

    /// <summary>How often another program wrote the PWM.</summary>
    public long ForeignWrites { get; private set; }

    /// <summary>What to put back later.</summary>
    public Handback Before() => new()
    {
        Pwm = fan.PwmPath,
        PwmBefore = fan.Pwm ?? FanDevice.FullPwm,
        Enable = fan.EnablePath,
        EnableBefore = fan.Enable ?? 1,
    };

    /// <summary>Takes the fan over. Its readings were taken.</summary>
    public void Take()
    {
        _isRefused = fan.EnablePath is { } enable && fan.Enable != 1 && !SysfsWriter.TryWrite(enable, 1);
        Set(_isRefused ? null : fan.Pwm ?? FanDevice.FullPwm);
        _controller.Begin(double.IsNaN(fan.Duty) ? 1 : fan.Duty);
    }

    /// <summary>Sets the fan for now. Its readings were taken.</summary>
    /// <param name="profile">What matters more.</param>
    /// <param name="margin">Degrees below the limit; NaN if sensors are lost.</param>
    /// <param name="seconds">Since the last call.</param>
    public void Step(FanProfile profile, double margin, double seconds)
    {
        if (_isYielding && time.GetElapsedTime(_yieldedAt) >= YieldFor)
        {
            (_isYielding, _conflicts) = (false, 0);
            Take();
        }

        if (_isRefused && time.GetElapsedTime(_refusedAt) >= RetryAfter)
        {
            Take();
        }

        if (!IsHeld || (IsForeign() && Yield()))
        {
            return;
        }

        var pwm = (int)Math.Round(_controller.Step(profile, margin, fan.Rpm, seconds) * FanDevice.FullPwm);
        if (pwm != _written)
        {
            Set(pwm);
        }
    }

    private void Set(int? pwm)
    {
        IsHeld = pwm is { } wanted && fan.TrySet(wanted);
        _isRefused = !IsHeld;
        _refusedAt = _isRefused ? time.GetTimestamp() : 0;

        // What the driver made of it: some round.
        fan.Read();
        _written = fan.Pwm;
    }

    private bool IsForeign()
    {
        var isForeign = fan.Pwm is { } pwm && _written is { } written && pwm != written;
        if (isForeign)
        {
            ForeignWrites++;
            _conflicts = time.GetElapsedTime(_conflictAt) < Forgotten ? _conflicts + 1 : 1;
            _conflictAt = time.GetTimestamp();
            _written = null;
        }

        return isForeign;
    }

    private bool Yield()
    {
        if (_conflicts < Conflicts)
        {
            return false;
        }

        (_isYielding, IsHeld, _yieldedAt) = (true, false, time.GetTimestamp());
        return true;
    }
}
