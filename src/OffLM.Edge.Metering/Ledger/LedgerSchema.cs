using System.Globalization;
using OffLM.Edge.Metering.Interop.Sqlite;

namespace OffLM.Edge.Metering;

/// <summary>The tables of <c>ledger.db</c> and the steps that lead to them. <c>user_version</c> says which have been taken.</summary>
internal static class LedgerSchema
{
    /// <summary>One entry a version; an entry never changes once it was released.</summary>
    private static readonly string[] Migrations =
    [
        // 1: receipts and what leads to them. crc: CRC-32C of the row's other columns.
        """
        CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
        CREATE TABLE tariffs(hash BLOB PRIMARY KEY, body BLOB NOT NULL, crc INTEGER NOT NULL) STRICT;
        CREATE TABLE holds(request BLOB PRIMARY KEY, caller TEXT NOT NULL, body BLOB NOT NULL, crc INTEGER NOT NULL) STRICT;
        CREATE INDEX holds_caller ON holds(caller);
        CREATE TABLE checkpoints(request BLOB PRIMARY KEY, cached INTEGER NOT NULL, completion INTEGER NOT NULL, state BLOB NOT NULL,
            duration INTEGER NOT NULL, energy INTEGER NOT NULL, source INTEGER NOT NULL, crc INTEGER NOT NULL) STRICT;
        CREATE TABLE receipts(sequence INTEGER PRIMARY KEY, request BLOB NOT NULL UNIQUE, caller TEXT NOT NULL, leaf BLOB NOT NULL,
            body BLOB, crc INTEGER NOT NULL) STRICT;
        CREATE INDEX receipts_caller ON receipts(caller, sequence);
        CREATE TABLE salts(request BLOB PRIMARY KEY, prompt BLOB NOT NULL, completion BLOB NOT NULL, execution BLOB NOT NULL,
            record TEXT NOT NULL) STRICT;
        CREATE TABLE batches(batch INTEGER PRIMARY KEY, first INTEGER NOT NULL, count INTEGER NOT NULL, body BLOB NOT NULL, hash BLOB NOT NULL,
            signature BLOB NOT NULL, chain INTEGER NOT NULL, contract BLOB NOT NULL, state INTEGER NOT NULL, reason TEXT NOT NULL,
            changed INTEGER NOT NULL, crc INTEGER NOT NULL) STRICT;
        CREATE INDEX batches_first ON batches(first);
        CREATE TABLE intents(batch INTEGER PRIMARY KEY, body BLOB NOT NULL, chain INTEGER NOT NULL, contract BLOB NOT NULL,
            crc INTEGER NOT NULL) STRICT;
        CREATE TABLE credit(caller TEXT PRIMARY KEY, spent BLOB NOT NULL, crc INTEGER NOT NULL) STRICT, WITHOUT ROWID;
        """,

        // 2: a retried request is answered for once; schedules are kept so that a report can divide the platform fee;
        // what was collapsed is remembered, so that collecting the next old rows starts where the last ended.
        """
        CREATE TABLE retries(caller TEXT NOT NULL, key BLOB NOT NULL, request BLOB NOT NULL, PRIMARY KEY(caller, key)) STRICT, WITHOUT ROWID;
        CREATE INDEX retries_request ON retries(request);
        CREATE TABLE schedules(hash BLOB PRIMARY KEY, body BLOB NOT NULL) STRICT, WITHOUT ROWID;
        INSERT INTO meta(key, value) VALUES('collapsed', '0');
        """,

        // 3: the outbox. Both indexes hold only what is on its way or in trouble, so they stay small; the receipts are counted from the first.
        """
        CREATE INDEX batches_unsettled ON batches(batch, count) WHERE state < 2;
        CREATE INDEX batches_refused ON batches(batch) WHERE state = 3;
        """,

        // 4: fewer pages to write for each receipt, which is most of what one costs. Salts stand in the order of receipts instead of at
        // random places; receipts of nobody's key are in no index of callers; what runs is little and is summed up without an index.
        """
        CREATE TABLE salts4(sequence INTEGER PRIMARY KEY, prompt BLOB NOT NULL, completion BLOB NOT NULL, execution BLOB NOT NULL,
            record TEXT NOT NULL) STRICT;
        INSERT INTO salts4 SELECT r.sequence, s.prompt, s.completion, s.execution, s.record
            FROM receipts r CROSS JOIN salts s WHERE s.request = r.request ORDER BY r.sequence;
        DROP TABLE salts;
        ALTER TABLE salts4 RENAME TO salts;
        DROP INDEX holds_caller;
        DROP INDEX receipts_caller;
        CREATE INDEX receipts_caller ON receipts(caller, sequence) WHERE caller <> '';
        """,

        // 5: rollbacks. One row may wait for its owner's consent; behind each accepted one the chain goes on from the network's batch.
        """
        CREATE TABLE rollbacks(accepted INTEGER NOT NULL, batch INTEGER NOT NULL, body BLOB NOT NULL, signature BLOB NOT NULL, chain INTEGER NOT NULL,
            contract BLOB NOT NULL, sequence INTEGER NOT NULL, own INTEGER NOT NULL, at INTEGER NOT NULL, crc INTEGER NOT NULL,
            PRIMARY KEY(accepted, batch)) STRICT, WITHOUT ROWID;
        CREATE TABLE forks(id INTEGER PRIMARY KEY, batch INTEGER NOT NULL, first INTEGER NOT NULL, count INTEGER NOT NULL, body BLOB NOT NULL,
            hash BLOB NOT NULL, signature BLOB NOT NULL, chain INTEGER NOT NULL, contract BLOB NOT NULL, state INTEGER NOT NULL,
            reason TEXT NOT NULL, changed INTEGER NOT NULL, crc INTEGER NOT NULL) STRICT;
        """,

        // 6: where each card's signature counter should be, and what moved it that is no batch.
        """
        CREATE TABLE key_counters(node BLOB PRIMARY KEY, counter INTEGER NOT NULL, asked INTEGER NOT NULL, crc INTEGER NOT NULL) STRICT, WITHOUT ROWID;
        CREATE TABLE key_events(id INTEGER PRIMARY KEY, kind INTEGER NOT NULL, node BLOB NOT NULL, expected INTEGER NOT NULL, found INTEGER NOT NULL,
            batch INTEGER NOT NULL, reason TEXT NOT NULL, at INTEGER NOT NULL, crc INTEGER NOT NULL) STRICT;
        """,
    ];

    /// <summary>The version that this program writes.</summary>
    public static int Current => Migrations.Length;

    /// <summary>Brings an older or new database up to date, each step in a transaction of its own.</summary>
    /// <exception cref="LedgerVersionException">It is newer than this program.</exception>
    /// <exception cref="LedgerUnavailableException">It is a database, but no ledger.</exception>
    public static void Migrate(SqliteConnection connection, string path)
    {
        var version = Version(connection);
        if (version > Current)
        {
            throw new LedgerVersionException(path, version, Current);
        }

        if (version == 0 && connection.Scalar("SELECT count(*) FROM sqlite_master") != "0")
        {
            throw new LedgerUnavailableException($"{path} is the database of another program. Give the node a state directory of its own with --state.");
        }

        for (; version < Current; version++)
        {
            connection.Execute("BEGIN IMMEDIATE");
            connection.Execute(Migrations[version]);
            connection.Execute($"PRAGMA user_version = {version + 1}");
            connection.Execute("COMMIT");
        }
    }

    /// <summary>Refuses a database of another version; for readers, which must not migrate.</summary>
    /// <exception cref="LedgerVersionException">It is newer than this program.</exception>
    /// <exception cref="LedgerUnavailableException">It is older: the node has not run since the update.</exception>
    public static void Require(SqliteConnection connection, string path)
    {
        var version = Version(connection);
        if (version > Current)
        {
            throw new LedgerVersionException(path, version, Current);
        }

        if (version < Current)
        {
            throw new LedgerUnavailableException($"{path} is of an earlier version ({version}). Start the node once; it brings the file up to date.");
        }
    }

    private static int Version(SqliteConnection connection) =>
        int.Parse(connection.Scalar("PRAGMA user_version") ?? "0", CultureInfo.InvariantCulture);
}
