using System.Globalization;
using OffLM.Edge.Metering.Interop.Sqlite;
using OffLM.Edge.Metering.Tariffs;
using OffLM.Edge.Signing;
using OffLM.Edge.Signing.TypedStructs;

namespace OffLM.Edge.Metering;

/// <summary>
/// The durable record of what was served: holds, checkpoints, receipts, batches. One process writes; when a task of this
/// class completes, what it did survives a power cut. Reading is <see cref="LedgerReader"/>'s.
/// </summary>
public sealed partial class Ledger : IDisposable
{
    private readonly LedgerWriter _writer;

    private Ledger(LedgerWriter writer, string path)
    {
        _writer = writer;
        Path = path;
    }

    public string Path { get; }

    /// <summary>Why nothing can be written now; null while all is well.</summary>
    public Exception? Failure => _writer.Failure;

    /// <summary>Opens the ledger, making or migrating it where needed.</summary>
    /// <param name="path">The file; its folder is made.</param>
    /// <param name="time">For the pause between attempts to open a failed ledger again.</param>
    /// <param name="vfs">A registered SQLite file system layer; null for the system's.</param>
    /// <exception cref="LedgerVersionException">Written by a newer version.</exception>
    /// <exception cref="LedgerUnavailableException">It can't be opened, or is no database.</exception>
    public static Ledger Open(string path, TimeProvider time, string? vfs = null)
    {
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(path))!);
        try
        {
            return new Ledger(new LedgerWriter(path, vfs, time), path);
        }
        catch (SqliteException e)
        {
            throw new LedgerUnavailableException($"The ledger {path} can't be opened: {e.Message}", e);
        }
    }

    /// <summary>A reader of its own connection.</summary>
    public LedgerReader Read() => LedgerReader.Open(Path);

    /// <summary>Counts this start; the number orders batches without a clock.</summary>
    public Task<uint> BeginBootAsync() => _writer.RunAsync(connection =>
    {
        // A damaged count goes on from the last batch's: boots order batches, so they must not fall back.
        var last = uint.TryParse(GetMeta(connection, "boot") ?? "0", CultureInfo.InvariantCulture, out var stored) ? stored : Tip(connection)?.Batch.Boot ?? 0;
        var boot = last + 1;
        SetMeta(connection, "boot", boot.ToString(CultureInfo.InvariantCulture));
        return boot;
    });

    /// <summary>The address of the node's key, as of its last unlocking; null before the first.</summary>
    public Task<Address?> NodeAddressAsync() => _writer.RunAsync(connection =>
        Address.TryParse(GetMeta(connection, "node"), out var address) ? address : (Address?)null);

    /// <summary>Remembers the address of the node's key.</summary>
    public Task SetNodeAddressAsync(Address address) => _writer.RunAsync(connection =>
    {
        SetMeta(connection, "node", address.ToString());
        return true;
    });

    /// <summary>Keeps a tariff, and the schedule it names, under their hashes. Adding one again mends its row if that was damaged.</summary>
    /// <returns>The tariff's struct hash.</returns>
    /// <exception cref="ArgumentException">The tariff is out of range.</exception>
    public Task<Bytes32> AddTariffAsync(Tariff tariff, Schedule? schedule = null)
    {
        if (tariff.Problem() is { } problem)
        {
            throw new ArgumentException(problem, nameof(tariff));
        }

        return _writer.RunAsync(connection =>
        {
            var hash = TypedStruct.Hash(tariff);
            var body = TypedStruct.ToBytes(tariff);
            connection.Prepare("INSERT INTO tariffs(hash, body, crc) VALUES(?1, ?2, ?3) ON CONFLICT(hash) DO UPDATE SET body = excluded.body, crc = excluded.crc")
                .Bind(1, hash.AsSpan()).Bind(2, body).Bind(3, new RowChecksum().Add(hash.AsSpan()).Add(body).Value).Run();
            if (schedule is not null)
            {
                connection.Prepare("INSERT INTO schedules(hash, body) VALUES(?1, ?2) ON CONFLICT(hash) DO UPDATE SET body = excluded.body")
                    .Bind(1, TypedStruct.Hash(schedule).AsSpan()).Bind(2, TypedStruct.ToBytes(schedule)).Run();
            }

            return hash;
        });
    }

    public void Dispose() => _writer.Dispose();

    private static string? GetMeta(SqliteConnection connection, string key)
    {
        var row = connection.Prepare("SELECT value FROM meta WHERE key = ?1").Bind(1, key);
        var value = row.Step() ? row.Text(0) : null;
        row.Reset();
        return value;
    }

    private static void SetMeta(SqliteConnection connection, string key, string value) =>
        connection.Prepare("INSERT INTO meta(key, value) VALUES(?1, ?2) ON CONFLICT(key) DO UPDATE SET value = excluded.value")
            .Bind(1, key).Bind(2, value).Run();
}
