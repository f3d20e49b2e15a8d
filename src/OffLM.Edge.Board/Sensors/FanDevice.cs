using OffLM.Edge.Board.Boards;
using OffLM.Edge.Board.Sysfs;

namespace OffLM.Edge.Board.Sensors;

/// <summary>A fan's PWM and tachometer. Reading and writing allocate nothing. Not thread-safe.</summary>
public sealed class FanDevice : IDisposable
{
    /// <summary>The PWM value of full speed, everywhere in hwmon.</summary>
    public const int FullPwm = 255;

    /// <summary>No fan turns faster.</summary>
    private const double MostRevolutions = 60_000;

    private readonly SysfsFile _pwm;
    private readonly SysfsFile? _enable;
    private readonly Sensor? _tachometer;
    private SysfsWriter? _writer;

    private FanDevice(string folder, string? tachometer, TimeProvider time)
    {
        PwmPath = $"{folder}/pwm1";
        _pwm = new SysfsFile(PwmPath, time);
        EnablePath = File.Exists($"{folder}/pwm1_enable") ? $"{folder}/pwm1_enable" : null;
        _enable = EnablePath is null ? null : new SysfsFile(EnablePath, time);
        _tachometer = tachometer is null ? null : new Sensor("tachometer", new SysfsFile(tachometer, time), null, 1, 0, MostRevolutions, time);
    }

    /// <summary>Where the PWM is written, with the root.</summary>
    public string PwmPath { get; }

    /// <summary>Where control is taken and given back, with the root; null if the driver has no such switch.</summary>
    public string? EnablePath { get; }

    public bool HasTachometer => _tachometer is not null;

    /// <summary>PWM 0 to 255 as the driver has it; null if it can't be read.</summary>
    public int? Pwm { get; private set; }

    /// <summary>Revolutions per minute; NaN without a reading.</summary>
    public double Rpm => _tachometer?.Value ?? double.NaN;

    /// <summary>Share of full speed, 0 to 1; NaN without a reading.</summary>
    public double Duty => Pwm is { } pwm ? pwm / (double)FullPwm : double.NaN;

    /// <summary>Who controls it as the driver says: 1 is a program, others are the kernel or the chip; null if unknown.</summary>
    public long? Enable => _enable is not null && _enable.TryRead(out var value) ? value : null;

    internal void Read()
    {
        Pwm = _pwm.TryRead(out var pwm) && pwm is >= 0 and <= FullPwm ? (int)pwm : null;
        _tachometer?.Read(double.NaN, double.PositiveInfinity);
    }

    /// <summary>Sets the PWM; false if it may not be written or the driver refuses.</summary>
    internal bool TrySet(int pwm)
    {
        _writer ??= SysfsWriter.TryOpen(PwmPath);
        if (_writer?.TryWrite(pwm) == true)
        {
            Pwm = pwm;
            return true;
        }

        _writer?.Dispose();
        _writer = null;
        return false;
    }

    public void Dispose()
    {
        _pwm.Dispose();
        _enable?.Dispose();
        _tachometer?.Dispose();
        _writer?.Dispose();
    }

    internal static FanDevice? Find(SysfsRoot root, FanRules? rules, TimeProvider time)
    {
        if (rules is null || Hwmon.Find(root, rules.Hwmon, "pwm1") is not { } folder)
        {
            return null;
        }

        string?[] tachometers = [Attribute("fan1_input"), Attribute("rpm")];
        return new FanDevice(folder, tachometers.FirstOrDefault(t => t is not null), time);

        string? Attribute(string name) => Hwmon.Find(root, [.. rules.Tachometer, .. rules.Hwmon], name) is { } device ? $"{device}/{name}" : null;
    }
}
