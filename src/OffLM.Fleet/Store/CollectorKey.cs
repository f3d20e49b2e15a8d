using OffLM.Edge.Signing;

namespace OffLM.Fleet.Store;

/// <summary>The collector's key file, made on first use: its address goes into the nodes' settings.</summary>
internal static class CollectorKey
{
    private static readonly TimeSpan LockDeadline = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan LockRetry = TimeSpan.FromMilliseconds(50);

    /// <summary>Opens the key; makes it first if it is not there.</summary>
    /// <exception cref="CommandException">It can't be opened or made; the message says why and what to do.</exception>
    public static KeyFileKey Open(string path)
    {
        try
        {
            return File.Exists(path) ? Decrypt(path) : Make(path);
        }
        catch (Exception e) when (e is KeyUnavailableException or IOException or UnauthorizedAccessException)
        {
            throw new CommandException(e.Message, e);
        }
    }

    private static KeyFileKey Decrypt(string path) => KeyFile.Open(path, KeyPassword.Find(path)?.Value ?? throw new CommandException(
        $"The key file {path} needs its password. Give it as the systemd credential '{KeyPassword.CredentialName}' or in {KeyPassword.EnvironmentVariable}."));

    /// <summary>Several collectors may start at once on no key: one makes it, the others wait and open it.</summary>
    private static KeyFileKey Make(string path)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        using var exclusive = Lock(path + ".lock");
        if (File.Exists(path))
        {
            return Decrypt(path);
        }

        var password = KeyPassword.Find(path) ?? KeyPassword.CreateBeside(path);
        var key = KeyFile.Create(path, password.Value);
        Console.Error.WriteLine($"The key file {path} was made; its address is {key.Address}. Keep a copy: verdicts of another key settle nothing at the nodes.");
        return key;
    }

    private static FileStream Lock(string path)
    {
        for (var since = TimeProvider.System.GetTimestamp(); ;)
        {
            try
            {
                return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, 1, FileOptions.DeleteOnClose);
            }
            catch (IOException) when (TimeProvider.System.GetElapsedTime(since) < LockDeadline)
            {
                Thread.Sleep(LockRetry);
            }
        }
    }
}
