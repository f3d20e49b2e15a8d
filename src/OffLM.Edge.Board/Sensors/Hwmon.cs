using System.Globalization;
using OffLM.Edge.Board.Sysfs;

namespace OffLM.Edge.Board.Sensors;

/// <summary>The kernel's hardware monitoring class: <see href="https://docs.kernel.org/hwmon/sysfs-interface.html"/>.</summary>
internal static class Hwmon
{
    /// <summary>The attributes of one kind that a device has, with their channel numbers in order.</summary>
    public static IEnumerable<(int Channel, string File)> Channels(string folder, string prefix, string suffix) =>
        Directory.EnumerateFiles(folder, $"{prefix}*{suffix}")
            .Select(f => (Number: Path.GetFileName(f)[prefix.Length..^suffix.Length], File: f))
            .Where(f => int.TryParse(f.Number, NumberStyles.None, CultureInfo.InvariantCulture, out _))
            .Select(f => (int.Parse(f.Number, CultureInfo.InvariantCulture), f.File))
            .OrderBy(f => f.Item1);

    /// <summary>The first device that has one of these names and this attribute, in the names' order.</summary>
    public static string? Find(SysfsRoot root, IReadOnlyList<string> names, string attribute) =>
        names.SelectMany(name => root.Folders("/sys/class/hwmon", "hwmon*").Where(f => SysfsRoot.Text($"{f}/name") == name))
            .FirstOrDefault(f => File.Exists($"{f}/{attribute}"));
}
