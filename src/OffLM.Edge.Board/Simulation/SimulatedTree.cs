using System.Globalization;
using OffLM.Edge.Board.Sysfs;

namespace OffLM.Edge.Board.Simulation;

/// <summary>The folder in which a simulated board shows itself as the kernel would: the files, and the values in them.</summary>
internal sealed class SimulatedTree : IDisposable
{
    public const string Zones = "/sys/class/thermal";
    public const string Fan = "/sys/class/hwmon/hwmon3";
    public const string Gpu = "/sys/class/devfreq/17000000.gpu";
    public const string Status = "/var/lib/nvpmodel/status";
    private const int RailsPerChip = 3;

    private readonly Dictionary<string, SysfsWriter> _writers = [];
    private readonly HashSet<string> _broken = [];

    public SimulatedTree(string folder, SimulationProfile profile)
    {
        Root = new SysfsRoot(folder);
        Directory.CreateDirectory(folder);
        Text("/proc/device-tree/model", "Simulated board\0");
        Zone(0, "cpu-thermal", profile);
        Zone(1, "gpu-thermal", profile);
        Zone(2, "tj-thermal", profile);
        Text($"{Zones}/thermal_zone3/type", "PMIC-Die");
        Text($"{Zones}/thermal_zone3/temp", "100000");
        for (var i = 0; i < profile.Rails.Count; i++)
        {
            var (rail, channel) = Rail(i);
            Text($"{rail}/name", "ina3221");
            Text($"{rail}/in{channel}_label", profile.Rails[i].Name);
            Text($"{rail}/in{channel}_input", Number(profile.Rails[i].Millivolts));
            Text($"{rail}/curr{channel}_input", "0");
        }

        Text($"{Fan}/name", "pwmfan");
        Text($"{Fan}/pwm1", "0");
        Text($"{Fan}/pwm1_enable", "2");
        Text($"{Fan}/fan1_input", "0");
        Text($"{Gpu}/cur_freq", Number(profile.GpuMegahertz[0] * 1_000_000L));
        Text($"{Gpu}/max_freq", Number(profile.GpuMegahertz[^1] * 1_000_000L));
        Text($"{Gpu}/available_frequencies", string.Join(' ', profile.GpuMegahertz.Select(m => Number(m * 1_000_000L))));
        Text($"{Gpu}/device/load", "0");
        Modes(profile);
    }

    public SysfsRoot Root { get; }

    /// <summary>The folder and channel of a rail: chips have three channels.</summary>
    public static (string Folder, int Channel) Rail(int index) => ($"/sys/class/hwmon/hwmon{1 + (index / RailsPerChip)}", 1 + (index % RailsPerChip));

    /// <summary>Writes a value, unless the file is broken.</summary>
    public void Set(string path, long value)
    {
        if (_broken.Contains(path))
        {
            return;
        }

        if (!_writers.TryGetValue(path, out var writer))
        {
            writer = SysfsWriter.TryOpen(Root.In(path)) ?? throw new IOException($"The simulated board's file {Root.In(path)} can't be written.");
            _writers[path] = writer;
        }

        writer.TryWrite(value);
    }

    /// <summary>What a program wrote; null for nonsense.</summary>
    public long? Get(string path) => SysfsRoot.Number(Root.In(path));

    /// <summary>Lets reads of a file fail from now on, or, with a value, give that for ever.</summary>
    public void Break(string path, long? value)
    {
        if (value is { } lie)
        {
            Set(path, lie);
        }
        else
        {
            File.WriteAllText(Root.In(path), "");
        }

        _broken.Add(path);
    }

    public void Mend(string path) => _broken.Remove(path);

    public void Dispose()
    {
        foreach (var writer in _writers.Values)
        {
            writer.Dispose();
        }

        Directory.Delete(Root.Path, recursive: true);
    }

    private static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);

    private void Zone(int number, string type, SimulationProfile profile)
    {
        var folder = $"{Zones}/thermal_zone{number}";
        Text($"{folder}/type", type);
        Text($"{folder}/temp", "0");
        Text($"{folder}/trip_point_0_type", "passive");
        Text($"{folder}/trip_point_0_temp", Number((long)(profile.ThrottleCelsius * 1000)));
        Text($"{folder}/trip_point_1_type", "critical");
        Text($"{folder}/trip_point_1_temp", Number((long)(profile.ShutdownCelsius * 1000)));
    }

    private void Modes(SimulationProfile profile)
    {
        Text("/etc/nvpmodel.conf", string.Join('\n', profile.Modes.Select((m, id) => string.Create(CultureInfo.InvariantCulture, $"< POWER_MODEL ID={id} NAME={m.Name} >"))));
        Text(Status, $"pmode:{Number(profile.Modes.Count - 1).PadLeft(4, '0')}");
        Text("/usr/sbin/nvpmodel", $"#!/bin/sh\n[ \"$1\" = -m ] && printf 'pmode:%04d' \"$2\" > '{Root.In(Status)}'\n");
        File.SetUnixFileMode(Root.In("/usr/sbin/nvpmodel"), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    private void Text(string path, string text)
    {
        var file = Root.In(path);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, text + "\n");
    }
}
