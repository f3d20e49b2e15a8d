using System.Globalization;
using OffLM.Edge.Board.Sysfs;

namespace OffLM.Edge.Board.Sensors;

/// <summary>The kernel's hardware monitoring class: <see href="https://docs.kernel.org/hwmon/sysfs-interface.html"/>.</summary>
internal static class Hwmon
{
    /// <summary>The attributes of one kind that a device has, with their channel numbers in order.</summary>
    public static IReadOnlyList<(int Channel, string File)> Channels(string folder, string prefix, string suffix)
    {
        var channels = new List<(int Channel, string File)>();
        foreach (var file in Directory.EnumerateFiles(folder, $"{prefix}*{suffix}"))
        {
            if (int.TryParse(Path.GetFileName(file).AsSpan()[prefix.Length..^suffix.Length], NumberStyles.None, CultureInfo.InvariantCulture, out var channel))
            {
                channels.Add((channel, file));
            }
        }

        channels.Sort((a, b) => a.Channel.CompareTo(b.Channel));
        return channels;
    }

    /// <summary>The first device that has one of these names and this attribute, in the names' order.</summary>
    public static string? Find(SysfsRoot root, IReadOnlyList<string> names, string attribute) =>
        names.SelectMany(name => root.Folders("/sys/class/hwmon", "hwmon*").Where(f => SysfsRoot.Text($"{f}/name") == name))
            .FirstOrDefault(f => File.Exists($"{f}/{attribute}"));
}
