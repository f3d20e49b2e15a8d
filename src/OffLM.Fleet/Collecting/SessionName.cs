using System.Text;
using OffLM.Edge.Signing;

namespace OffLM.Fleet.Collecting;

/// <summary>
/// A client id that is the same after a restart, so that the broker hands over what came meanwhile, and another's for each collector that
/// runs on the same database at the same time. Held until disposed; the kernel frees it when the process ends, however it ends.
/// </summary>
internal sealed class SessionName : IDisposable
{
    private const int MaxCollectors = 64;

    private readonly FileStream _lock;

    private SessionName(string clientId, FileStream held) => (ClientId, _lock) = (clientId, held);

    public string ClientId { get; }

    /// <summary>Takes the first that is free.</summary>
    /// <param name="database">The database's path; the locks are beside it.</param>
    /// <param name="fleet">The fleet: another's subscriptions must not be taken over.</param>
    /// <param name="group">The group of collectors.</param>
    /// <exception cref="CommandException">Too many collectors run on this database, or no lock file can be made.</exception>
    public static SessionName Take(string database, string fleet, string group)
    {
        var hash = Keccak256.Hash(Encoding.UTF8.GetBytes($"{Environment.MachineName}\n{database}\n{fleet}\n{group}"));
        for (var place = 1; place <= MaxCollectors; place++)
        {
            var path = $"{database}.collector-{place}.lock";
            try
            {
                var held = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
                return new($"offlm-fleet-{Convert.ToHexStringLower(hash.AsSpan()[..4])}-{place}", held);
            }
            catch (IOException) when (File.Exists(path))
            {
                // Another collector's.
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw new CommandException($"The lock file {path} can't be made: {e.Message}", e);
            }
        }

        throw new CommandException($"{MaxCollectors} collectors run on {database} already. Stop some of them.");
    }

    public void Dispose() => _lock.Dispose();
}
