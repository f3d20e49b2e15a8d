namespace OffLM.Edge.Signing.Interop.Libusb;

/// <summary>Which program is likely to hold a smart card reader: one process at a time may.</summary>
internal static class ReaderHolders
{
    private static readonly IReadOnlyDictionary<string, string> Advice = new Dictionary<string, string>
    {
        ["pcscd"] = "Stop it for good: systemctl disable --now pcscd.service pcscd.socket",
        ["scdaemon"] = "Let it go: gpgconf --kill scdaemon",
        ["offlm-edge"] = "Ask the running node instead, or stop it first.",
    };

    /// <summary>Who holds it as far as can be seen, and how to stop that. Ends a sentence that began with the reader.</summary>
    public static string Describe()
    {
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(folder), out var pid) && pid != Environment.ProcessId && NameOf(folder) is { } name && Advice.TryGetValue(name, out var advice))
            {
                return $"another program, it seems {name} (process {pid}). {advice}";
            }
        }

        return "another program, such as pcscd or scdaemon. Stop it: systemctl disable --now pcscd.service pcscd.socket; gpgconf --kill scdaemon";
    }

    private static string? NameOf(string folder)
    {
        try
        {
            return File.ReadAllText(Path.Combine(folder, "comm")).TrimEnd('\n');
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It ended meanwhile.
            return null;
        }
    }
}
