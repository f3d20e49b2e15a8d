using System.Security.Cryptography;

namespace OffLM.Edge.Signing;

/// <summary>Where a key file's password came from.</summary>
public enum KeyPasswordSource
{
    /// <summary>A systemd credential.</summary>
    SystemdCredential,

    /// <summary>The environment variable.</summary>
    Environment,

    /// <summary>A file beside the key: whoever can read the disk can sign. <c>doctor</c> says so.</summary>
    FileBesideKey,
}

/// <summary>Finds the password of a key file: the systemd credential, the environment, else a file beside the key.</summary>
/// <param name="Value">The password.</param>
/// <param name="Source">Where it was.</param>
public sealed record KeyPassword(string Value, KeyPasswordSource Source)
{
    public const string CredentialName = "offlm-key-password";
    public const string EnvironmentVariable = "OFFLM_KEY_PASSWORD";

    /// <summary>The password for a key file at <paramref name="keyPath"/>; null if there is none anywhere.</summary>
    /// <exception cref="KeyUnavailableException">A password file exists but can't be read.</exception>
    public static KeyPassword? Find(string keyPath)
    {
        try
        {
            if (Environment.GetEnvironmentVariable("CREDENTIALS_DIRECTORY") is { Length: > 0 } folder
                && Path.Combine(folder, CredentialName) is var credential
                && File.Exists(credential))
            {
                return new(File.ReadAllText(credential).TrimEnd('\n', '\r'), KeyPasswordSource.SystemdCredential);
            }

            if (Environment.GetEnvironmentVariable(EnvironmentVariable) is { Length: > 0 } fromEnvironment)
            {
                return new(fromEnvironment, KeyPasswordSource.Environment);
            }

            return File.Exists(PathBeside(keyPath))
                ? new(File.ReadAllText(PathBeside(keyPath)).TrimEnd('\n', '\r'), KeyPasswordSource.FileBesideKey)
                : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new KeyUnavailableException($"The password of the key file {keyPath} can't be read: {e.Message}", e);
        }
    }

    /// <summary>A random password in a file beside the key, mode 0600.</summary>
    public static KeyPassword CreateBeside(string keyPath)
    {
        var password = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32));
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(keyPath))!, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var options = new FileStreamOptions
        {
            Mode = FileMode.Create,
            Access = FileAccess.Write,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        };
        using (var file = new FileStream(PathBeside(keyPath), options))
        {
            file.Write(System.Text.Encoding.ASCII.GetBytes(password + "\n"));
            file.Flush(flushToDisk: true);
        }

        return new(password, KeyPasswordSource.FileBesideKey);
    }

    private static string PathBeside(string keyPath) => keyPath + ".password";
}
