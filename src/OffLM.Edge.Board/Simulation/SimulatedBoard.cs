using System.Globalization;
using OffLM.Edge.Board.Fan;
using OffLM.Edge.Board.Sensors;
using OffLM.Edge.Board.Sysfs;

namespace OffLM.Edge.Board.Simulation;

/// <summary>
/// A board that isn't there, behind a sysfs tree in a folder: sensors are files that it writes, and it obeys the PWM, the clock cap and the
/// power mode that programs write. It lives as long as its clock moves, at any speed. Not thread-safe.
/// </summary>
public sealed class SimulatedBoard : IDisposable
{
    private const double SensorNoiseCelsius = 0.05;
    private const double SensorStepMilliCelsius = 31.25;
    private const double RailNoise = 0.004;

    /// <summary>A current sensor's last bit, milliamperes.</summary>
    private const int RailStep = 8;

    /// <summary>The mode is in a text file; it is looked at this often.</summary>
    private static readonly TimeSpan ModeInterval = TimeSpan.FromSeconds(2);

    /// <summary>What the system's own fan control does with the fan while nobody else does: NVIDIA's table 'quiet' of the Orin Nano.</summary>
    private static readonly FanTable SystemTable = NvidiaTables.Quiet;

    private readonly SimulatedTree _tree;
    private readonly SysfsFile _pwm;
    private readonly SysfsFile _enable;
    private readonly SysfsFile _cap;
    private readonly TimeProvider _time;
    private readonly Random _random;
    private readonly double[] _die = [-2.0, -0.6, 0.0];
    private long _at;
    private long _modeAt;
    private double _modeCap;

    /// <param name="folder">Where the tree is made; it is deleted at the end.</param>
    /// <param name="profile">What is simulated.</param>
    /// <param name="ambientCelsius">The room.</param>
    /// <param name="seed">For the sensors' noise: the same seed and the same steps give the same figures.</param>
    /// <param name="time">The clock it lives by.</param>
    public SimulatedBoard(string folder, SimulationProfile profile, double ambientCelsius, int seed, TimeProvider time)
    {
        if (Directory.Exists(folder))
        {
            // Left by a process that was killed.
            Directory.Delete(folder, recursive: true);
        }

        Physics = new SimulatedPhysics(profile, ambientCelsius);
        _tree = new SimulatedTree(folder, profile);
        _pwm = new SysfsFile(Root.In($"{SimulatedTree.Fan}/pwm1"), time);
        _enable = new SysfsFile(Root.In($"{SimulatedTree.Fan}/pwm1_enable"), time);
        _cap = new SysfsFile(Root.In($"{SimulatedTree.Gpu}/max_freq"), time);
        _random = new Random(seed);
        _time = time;
        _at = _modeAt = time.GetTimestamp();
        _modeCap = ModeCap();
        Show();
    }

    public SimulatedPhysics Physics { get; }

    /// <summary>The root of the tree.</summary>
    public SysfsRoot Root => _tree.Root;

    /// <summary>Where the kernel's zone of this number has its temperature; 2 is the junction.</summary>
    public static string ZonePath(int number) => string.Create(CultureInfo.InvariantCulture, $"{SimulatedTree.Zones}/thermal_zone{number}/temp");

    /// <summary>Where a rail has its current.</summary>
    public static string RailPath(int index) => SimulatedTree.Rail(index) is var (folder, channel) ? string.Create(CultureInfo.InvariantCulture, $"{folder}/curr{channel}_input") : "";

    /// <summary>A folder for trees, in memory where there is such a file system.</summary>
    public static string NewFolder(string name) => Path.Combine(Directory.Exists("/dev/shm") ? "/dev/shm" : Path.GetTempPath(), $"offlm-simulated-{name}");

    /// <summary>Catches up with the clock: obeys what was written, lets heat flow, shows the sensors.</summary>
    /// <param name="load">Share of the time since the last call that the decode loop computed, 0 to 1.</param>
    public void Advance(double load)
    {
        var now = _time.GetTimestamp();
        Obey();
        Physics.Load = Math.Clamp(load, 0, 1);
        Physics.Advance(_time.GetElapsedTime(_at, now));
        _at = now;
        Show();
    }

    /// <summary>Lets reads of a file fail from now on, or, with a value, give that for ever.</summary>
    internal void Break(string path, long? value = null) => _tree.Break(path, value);

    internal void Mend(string path) => _tree.Mend(path);

    public void Dispose()
    {
        _pwm.Dispose();
        _enable.Dispose();
        _cap.Dispose();
        _tree.Dispose();
    }

    private void Obey()
    {
        if (_time.GetElapsedTime(_modeAt) >= ModeInterval)
        {
            _modeAt = _time.GetTimestamp();
            _modeCap = ModeCap();
        }

        Physics.ClockCap = Math.Min(_modeCap, _cap.TryRead(out var hertz) && hertz > 0 ? hertz / 1e6 : double.MaxValue);
        if (_enable.TryRead(out var enable) && enable != 1)
        {
            var pwm = SystemTable.PwmAt(Physics.DieCelsius);
            Physics.FanDuty = pwm / FanDevice.FullPwm;
            _tree.Set($"{SimulatedTree.Fan}/pwm1", (long)pwm);
        }
        else if (_pwm.TryRead(out var duty))
        {
            Physics.FanDuty = Math.Clamp(duty / (double)FanDevice.FullPwm, 0, 1);
        }
    }

    private double ModeCap() => PowerModes.Find(Root)?.Current is { } mode
        ? Physics.Profile.Modes.First(m => m.Name == mode).Megahertz
        : Physics.Profile.GpuMegahertz[^1];

    private void Show()
    {
        for (var zone = 0; zone < _die.Length; zone++)
        {
            var celsius = Physics.DieCelsius + (_die[zone] * Physics.Watts / 25) + (Noise() * SensorNoiseCelsius);
            _tree.Set(ZonePath(zone), (long)(Math.Round(celsius * 1000 / SensorStepMilliCelsius) * SensorStepMilliCelsius));
        }

        var rails = Physics.Profile.Rails;
        for (var i = 0; i < rails.Count; i++)
        {
            var milliamperes = Physics.Watts * rails[i].Share / rails[i].Millivolts * 1e6 * (1 + (Noise() * RailNoise));
            _tree.Set(RailPath(i), (long)Math.Round(milliamperes / RailStep) * RailStep);
        }

        _tree.Set($"{SimulatedTree.Fan}/fan1_input", (long)(Physics.Rpm < 60 ? 0 : Physics.Rpm + (Noise() * 15)));
        _tree.Set($"{SimulatedTree.Gpu}/cur_freq", (long)((Physics.Load > 0 ? Physics.Megahertz : Physics.Profile.GpuMegahertz[0]) * 1e6));
        _tree.Set($"{SimulatedTree.Gpu}/device/load", (long)(Physics.Load * 1000));
    }

    /// <summary>About normal, within ±3.</summary>
    private double Noise() => (_random.NextDouble() + _random.NextDouble() + _random.NextDouble() - 1.5) * 2;
}
