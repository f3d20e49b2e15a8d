using System.Globalization;
using OffLM.Edge.Metering.Interop.Sqlite;

namespace OffLM.Fleet.Store;

/// <summary>The tables of <c>fleet.db</c> and the steps that lead to them. <c>user_version</c> says which have been taken.</summary>
internal static class FleetSchema
{
    /// <summary>"OFLM": marks a collector's database in the file's header.</summary>
    private const int ApplicationId = 0x4F464C4D;

    /// <summary>One entry a version; an entry never changes once it was released.</summary>
    private static readonly string[] Migrations =
    [
        // chains: where each stands. nodes: trust 0 withdrawn, 1 given, 2 on first use. batches: link 1 for the chain's, 0 for what stands
        // beside it; kind: RefusalKind. evidence: the message as it came. An untrusted node has no row in nodes.
        """
        CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
        CREATE TABLE collectors(address BLOB PRIMARY KEY, since INTEGER NOT NULL) STRICT, WITHOUT ROWID;
        CREATE TABLE chains(chain INTEGER PRIMARY KEY, batch INTEGER NOT NULL, hash BLOB NOT NULL, node BLOB NOT NULL, sequence INTEGER NOT NULL,
            boot INTEGER NOT NULL, class INTEGER NOT NULL, counter INTEGER NOT NULL) STRICT;
        CREATE TABLE nodes(address BLOB PRIMARY KEY, chain INTEGER NOT NULL, trust INTEGER NOT NULL, since INTEGER NOT NULL, continues BLOB)
            STRICT, WITHOUT ROWID;
        CREATE INDEX nodes_chain ON nodes(chain);
        CREATE TABLE batches(id INTEGER PRIMARY KEY AUTOINCREMENT, chain INTEGER NOT NULL, number INTEGER NOT NULL, hash BLOB NOT NULL UNIQUE,
            node BLOB NOT NULL, link INTEGER NOT NULL, verdict INTEGER NOT NULL, kind INTEGER NOT NULL, reason TEXT NOT NULL,
            collector BLOB NOT NULL, signature BLOB NOT NULL, first INTEGER NOT NULL, count INTEGER NOT NULL, hidden INTEGER NOT NULL,
            sums BLOB NOT NULL, received INTEGER NOT NULL, settlement INTEGER) STRICT;
        CREATE UNIQUE INDEX batches_link ON batches(chain, number) WHERE link = 1;
        CREATE INDEX batches_node ON batches(node, number);
        CREATE INDEX batches_beside ON batches(chain) WHERE link = 0;
        CREATE INDEX batches_open ON batches(chain, number) WHERE verdict = 1 AND settlement IS NULL;
        CREATE INDEX batches_settlement ON batches(settlement, chain, number) WHERE settlement IS NOT NULL;
        CREATE TABLE evidence(id INTEGER PRIMARY KEY, message BLOB NOT NULL) STRICT;
        CREATE TABLE pending(id INTEGER PRIMARY KEY AUTOINCREMENT, node BLOB NOT NULL, number INTEGER NOT NULL, hash BLOB NOT NULL UNIQUE,
            topic TEXT NOT NULL, received INTEGER NOT NULL, message BLOB NOT NULL) STRICT;
        CREATE INDEX pending_node ON pending(node, number, id);
        CREATE TABLE requests(chain INTEGER NOT NULL, request BLOB NOT NULL, PRIMARY KEY(chain, request)) STRICT, WITHOUT ROWID;
        CREATE TABLE totals(node BLOB NOT NULL, payer BLOB NOT NULL, builder BLOB NOT NULL, model BLOB NOT NULL, adapter BLOB NOT NULL,
            tariff BLOB NOT NULL, day INTEGER NOT NULL, hidden INTEGER NOT NULL, sums BLOB NOT NULL,
            PRIMARY KEY(node, payer, builder, model, adapter, tariff, day, hidden)) STRICT, WITHOUT ROWID;
        CREATE TABLE incidents(kind TEXT NOT NULL, node BLOB NOT NULL, batch INTEGER NOT NULL, what TEXT NOT NULL, first INTEGER NOT NULL,
            last INTEGER NOT NULL, count INTEGER NOT NULL, PRIMARY KEY(node, kind, batch, what)) STRICT, WITHOUT ROWID;
        CREATE INDEX incidents_last ON incidents(last);
        CREATE TABLE presence(node BLOB PRIMARY KEY, version TEXT, boot INTEGER, models INTEGER, born INTEGER, state TEXT, state_at INTEGER,
            unsettled INTEGER, unsettled_receipts INTEGER, refused INTEGER, problems INTEGER, telemetry_at INTEGER) STRICT, WITHOUT ROWID;
        CREATE TABLE settlements(number INTEGER PRIMARY KEY, body BLOB NOT NULL, hidden INTEGER NOT NULL, sums BLOB NOT NULL,
            collector BLOB NOT NULL, signature BLOB NOT NULL) STRICT;
        """,
    ];

    /// <summary>The version that this program writes.</summary>
    public static int Current => Migrations.Length;

    /// <summary>Brings a new or older database up to date, each step in a transaction of its own. Several processes may try at once.</summary>
    /// <exception cref="InvalidDataException">It is newer than this program, or another program's.</exception>
    public static void Migrate(SqliteConnection connection, string path)
    {
        while (Version(connection) != Current)
        {
            connection.Execute("BEGIN IMMEDIATE");
            try
            {
                // Only now nobody else migrates.
                var version = RequireKnown(connection, path);
                if (version < Current)
                {
                    connection.Execute(Migrations[version]);
                    connection.Execute($"PRAGMA application_id = {ApplicationId}; PRAGMA user_version = {version + 1}");
                }

                connection.Execute("COMMIT");
            }
            catch
            {
                connection.ResetAll();
                connection.Execute("ROLLBACK");
                throw;
            }
        }

        RequireKnown(connection, path);
    }

    /// <summary>Refuses a database of another version; for readers, which must not migrate.</summary>
    /// <exception cref="InvalidDataException">It is of another version, or another program's.</exception>
    public static void Require(SqliteConnection connection, string path)
    {
        if (RequireKnown(connection, path) is var version && version < Current)
        {
            throw new InvalidDataException($"{path} is of an earlier version ({version}). Start the collector once; it brings the file up to date.");
        }
    }

    private static int RequireKnown(SqliteConnection connection, string path)
    {
        var version = Version(connection);
        var isOurs = version == 0
            ? connection.Scalar("SELECT count(*) FROM sqlite_master") == "0"
            : connection.Scalar("PRAGMA application_id") == ApplicationId.ToString(CultureInfo.InvariantCulture);
        if (!isOurs)
        {
            throw new InvalidDataException($"{path} is the database of another program. Name the collector's with --db.");
        }

        return version <= Current
            ? version
            : throw new InvalidDataException($"{path} is of version {version}; this program knows up to {Current}. Use the newer program.");
    }

    private static int Version(SqliteConnection connection) =>
        int.Parse(connection.Scalar("PRAGMA user_version") ?? "0", CultureInfo.InvariantCulture);
}
