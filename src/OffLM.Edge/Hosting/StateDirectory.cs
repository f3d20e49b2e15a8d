namespace OffLM.Edge.Hosting;

/// <summary>Where a node keeps what must last, and the lock that lets one process at a time write it.</summary>
internal sealed class StateDirectory(string path)
{
    /// <summary>The folder's full path.</summary>
    public string Root { get; } = Path.GetFullPath(path);

    public string Ledger => Path.Combine(Root, "ledger.db");

    public string Access => Path.Combine(Root, "access.db");

    public string ControlSocket => Path.Combine(Root, "control.sock");

    private string LockFile => Path.Combine(Root, "lock");

    /// <summary>The option's folder, else <c>OFFLM_STATE</c>, else systemd's, else the system's or the user's own.</summary>
    public static StateDirectory Choose(string? option)
    {
        foreach (var candidate in (string?[])[option, Environment.GetEnvironmentVariable("OFFLM_STATE"), Environment.GetEnvironmentVariable("STATE_DIRECTORY")])
        {
            if (!string.IsNullOrEmpty(candidate))
            {
                return new StateDirectory(candidate);
            }
        }

        return new StateDirectory(Environment.IsPrivilegedProcess
            ? "/var/lib/offlm"
            : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.DoNotVerify), "offlm"));
    }

    /// <summary>Makes the folder, for its owner only.</summary>
    /// <exception cref="CommandException">It can't be made.</exception>
    public void Create()
    {
        try
        {
            Directory.CreateDirectory(Root, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CommandException($"The state directory {Root} can't be made: {e.Message} Name another with --state.");
        }
    }

    /// <summary>Takes the lock; the kernel frees it when the process ends, however it ends.</summary>
    /// <returns>The lock; null if another process has it.</returns>
    /// <exception cref="CommandException">The lock file can't be opened.</exception>
    public IDisposable? TryLock()
    {
        Create();
        try
        {
            return new FileStream(LockFile, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException) when (File.Exists(LockFile))
        {
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CommandException($"The lock file {LockFile} can't be opened: {e.Message}");
        }
    }
}
