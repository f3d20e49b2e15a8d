namespace OffLM.Mqtt;

/// <summary>Finds the password for the broker: the systemd credential, the environment, else the file that the settings name.</summary>
public static class BrokerPassword
{
    public const string CredentialName = "offlm-network-password";
    public const string EnvironmentVariable = "OFFLM_NETWORK_PASSWORD";

    private const UnixFileMode OwnersOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    /// <summary>The password; null if there is none anywhere.</summary>
    /// <param name="file">The file that the settings name; null for none.</param>
    /// <exception cref="BrokerPasswordException">The file can't be read, or others can read it.</exception>
    public static string? Find(string? file)
    {
        if (Environment.GetEnvironmentVariable("CREDENTIALS_DIRECTORY") is { Length: > 0 } folder
            && Path.Combine(folder, CredentialName) is var credential
            && File.Exists(credential))
        {
            return Read(credential);
        }

        if (Environment.GetEnvironmentVariable(EnvironmentVariable) is { Length: > 0 } fromEnvironment)
        {
            return fromEnvironment;
        }

        if (file is null)
        {
            return null;
        }

        var password = Read(file);
        return (File.GetUnixFileMode(file) & ~OwnersOnly) == 0
            ? password
            : throw new BrokerPasswordException($"The password file {file} can be read by others. Run: chmod 600 {file}");
    }

    private static string Read(string file)
    {
        try
        {
            return File.ReadAllText(file).TrimEnd('\n', '\r');
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new BrokerPasswordException($"The password file for the broker can't be read: {e.Message}", e);
        }
    }
}

/// <summary>The password for the broker can't be had; the message says why and what to do.</summary>
public sealed class BrokerPasswordException(string message, Exception? inner = null) : Exception(message, inner);
