namespace OffLM.Edge.Board.Tests.Support;

/// <summary>A sysfs tree in a folder of the test's own, written as the kernel shows it.</summary>
internal sealed class Tree : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("offlm-board-");

    public string Path => _folder.FullName;

    public SysfsRoot Root => new(Path);

    /// <summary>Writes an attribute.</summary>
    public string Put(string path, object value)
    {
        var file = Path + path;
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(file)!);
        File.WriteAllText(file, value + "\n");
        return file;
    }

    /// <summary>An attribute's text.</summary>
    public string Get(string path) => File.ReadAllText(Path + path).Trim();

    /// <summary>Lets reads of an attribute fail, as a sensor's that is switched off do.</summary>
    public void Silence(string path) => File.WriteAllText(Path + path, "");

    public void Zone(int number, string type, int milliCelsius, params ReadOnlySpan<(string Type, int MilliCelsius)> trips)
    {
        var folder = $"/sys/class/thermal/thermal_zone{number}";
        Put($"{folder}/type", type);
        Put($"{folder}/temp", milliCelsius);
        for (var i = 0; i < trips.Length; i++)
        {
            Put($"{folder}/trip_point_{i}_type", trips[i].Type);
            Put($"{folder}/trip_point_{i}_temp", trips[i].MilliCelsius);
        }
    }

    public void Rail(int hwmon, int channel, string? label, int millivolts, int milliamperes)
    {
        var folder = $"/sys/class/hwmon/hwmon{hwmon}";
        Put($"{folder}/name", "ina3221");
        Put($"{folder}/in{channel}_input", millivolts);
        Put($"{folder}/curr{channel}_input", milliamperes);
        if (label is not null)
        {
            Put($"{folder}/in{channel}_label", label);
        }
    }

    public void Fan(int hwmon, int pwm, int enable, int? rpm)
    {
        var folder = $"/sys/class/hwmon/hwmon{hwmon}";
        Put($"{folder}/name", "pwmfan");
        Put($"{folder}/pwm1", pwm);
        Put($"{folder}/pwm1_enable", enable);
        if (rpm is { } revolutions)
        {
            Put($"{folder}/fan1_input", revolutions);
        }
    }

    public void Dispose() => _folder.Delete(recursive: true);
}
