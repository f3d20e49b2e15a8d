namespace OffLM.Fleet.Collecting;

/// <summary>Finds the password for the broker: the systemd credential, the environment, else a file. Never an option: others see those.</summary>
internal static class BrokerPassword
{
    private const string CredentialName = "offlm-network-password";
    private const string EnvironmentVariable = "OFFLM_NETWORK_PASSWORD";

    /// <summary>The password; null if there is none anywhere.</summary>
    /// <exception cref="CommandException">The file can't be read, or others can.</exception>
    public static string? Find(string? file)
    {
        if (Environment.GetEnvironmentVariable("CREDENTIALS_DIRECTORY") is { Length: > 0 } folder && Path.Combine(folder, CredentialName) is var credential && File.Exists(credential))
        {
            return Read(credential);
        }

        if (Environment.GetEnvironmentVariable(EnvironmentVariable) is { Length: > 0 } given)
        {
            return given;
        }

        const UnixFileMode ownersOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
        return file is not null && File.Exists(file) && (File.GetUnixFileMode(file) & ~ownersOnly) != 0
            ? throw new CommandException($"The password file {file} can be read by others. Run: chmod 600 {file}")
            : file is null ? null : Read(file);
    }

    private static string Read(string file)
    {
        try
        {
            return File.ReadAllText(file).TrimEnd('\n', '\r');
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CommandException($"The password file for the broker can't be read: {e.Message}", e);
        }
    }
}
