using System.Diagnostics;
using System.Globalization;
using OffLM.Edge.Board.Sysfs;

namespace OffLM.Edge.Board.Sensors;

/// <summary>
/// NVIDIA's power modes: <c>/etc/nvpmodel.conf</c> has a block for each, with a number that differs from board to board; so they are known by
/// name. The current one is in the tool's status file; <c>nvpmodel</c> sets them.
/// </summary>
public sealed class PowerModes
{
    private const string Configuration = "/etc/nvpmodel.conf";
    private const string StatusFile = "/var/lib/nvpmodel/status";
    private const string Tool = "/usr/sbin/nvpmodel";

    /// <summary>The tool writes some hundred sysfs files; more than this and it waits for an answer that nobody gives.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly SysfsRoot _root;
    private readonly Dictionary<int, string> _names;

    private PowerModes(SysfsRoot root, Dictionary<int, string> names) => (_root, _names) = (root, names);

    /// <summary>The modes' names, by number.</summary>
    public IReadOnlyDictionary<int, string> Names => _names;

    /// <summary>The mode in force, by name; null if unknown.</summary>
    public string? Current => CurrentId() is { } id ? _names.GetValueOrDefault(id) : null;

    /// <summary>True where modes can be set.</summary>
    public bool CanSet => File.Exists(_root.In(Tool));

    /// <summary>Reads the modes; null where there are none.</summary>
    public static PowerModes? Find(SysfsRoot root)
    {
        if (SysfsRoot.Text(root.In(Configuration)) is not { } text)
        {
            return null;
        }

        var names = Parse(text);
        return names.Count > 0 ? new PowerModes(root, names) : null;
    }

    /// <summary>Sets a mode by name. A change that needs a restart is declined: the tool asks, and nobody is at home to agree.</summary>
    /// <returns>What is wrong; null if the mode is in force.</returns>
    public string? TrySet(string name)
    {
        if (_names.All(n => !n.Value.Equals(name, StringComparison.OrdinalIgnoreCase)))
        {
            return $"There is no power mode '{name}'. This board has {string.Join(", ", _names.Values)}.";
        }

        var id = _names.First(n => n.Value.Equals(name, StringComparison.OrdinalIgnoreCase)).Key;
        if (CurrentId() == id)
        {
            return null;
        }

        return !CanSet ? $"Power modes can't be set: {_root.In(Tool)} is not there." : Run(id, name);
    }

    /// <summary>The blocks of <c>nvpmodel.conf</c>: <c>&lt; POWER_MODEL ID=n NAME=X &gt;</c>.</summary>
    internal static Dictionary<int, string> Parse(string text)
    {
        var names = new Dictionary<int, string>();
        foreach (var line in text.Split('\n').Select(l => l.Trim()).Where(l => l.StartsWith('<') && l.Contains("POWER_MODEL", StringComparison.Ordinal)))
        {
            var words = line.Trim('<', '>', ' ').Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (int.TryParse(Word(words, "ID="), NumberStyles.None, CultureInfo.InvariantCulture, out var id) && Word(words, "NAME=") is { } name)
            {
                names[id] = name;
            }
        }

        return names;
    }

    private static string? Word(string[] words, string prefix) =>
        words.FirstOrDefault(w => w.StartsWith(prefix, StringComparison.Ordinal))?[prefix.Length..];

    /// <summary>The status file reads <c>pmode:0002 fmode:quiet</c>.</summary>
    private int? CurrentId() =>
        SysfsRoot.Text(_root.In(StatusFile)) is { } status
        && int.TryParse(Word(status.Split(' ', '\n'), "pmode:"), NumberStyles.None, CultureInfo.InvariantCulture, out var id) ? id : null;

    private string? Run(int id, string name)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(_root.In(Tool), ["-m", id.ToString(CultureInfo.InvariantCulture)])
            {
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            })!;
            process.BeginOutputReadLine();
            process.BeginErrorReadLine();
            process.StandardInput.Write("NO\n");
            process.StandardInput.Close();
            if (!process.WaitForExit(Patience))
            {
                process.Kill();
                return $"nvpmodel did not end within {Patience.TotalSeconds} s.";
            }

            return CurrentId() == id
                ? null
                : $"nvpmodel did not take the power mode {name}; some changes need a restart. Run: nvpmodel -m {id}";
        }
        catch (Exception e) when (e is System.ComponentModel.Win32Exception or IOException)
        {
            return $"{_root.In(Tool)} can't be run: {e.Message}";
        }
    }
}
