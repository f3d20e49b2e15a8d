using OffLM.Edge.Metering.Batches;
using OffLM.Edge.Metering.Interop.Sqlite;
using OffLM.Edge.Metering.Tariffs;
using OffLM.Edge.Signing;
using OffLM.Edge.Signing.TypedStructs;

namespace OffLM.Edge.Metering;

/// <summary>What the parts of one check share, and the checks of the small tables.</summary>
internal sealed class CheckContext(SqliteConnection connection, CancellationToken cancellation)
{
    private readonly List<LedgerFinding> _findings = [];

    public SqliteConnection Connection => connection;

    /// <summary>The tariffs that are in order, by hash.</summary>
    public Dictionary<Bytes32, Tariff> KnownTariffs { get; } = [];

    public ulong Receipts { get; set; }

    public ulong Batches { get; set; }

    public LedgerReport Report() => new(_findings, Receipts, Batches);

    public void ThrowIfCancelled() => cancellation.ThrowIfCancellationRequested();

    public void Add(LedgerPart part, ulong number, string key, string problem, string advice, Remedy remedy = Remedy.None)
    {
        if (_findings.Count < LedgerReport.MaxFindings)
        {
            _findings.Add(new(part, number, key, problem, advice, remedy));
        }
    }

    /// <summary>SQLite's own check.</summary>
    public void Structure(string pragma)
    {
        const string advice = "the rest stays readable; restore the file from a copy, or export the receipts and start a new ledger";
        try
        {
            using var rows = connection.Compile(pragma);
            while (rows.Step())
            {
                if (rows.Text(0) is var verdict and not "ok")
                {
                    Add(LedgerPart.File, 0, "", verdict, advice);
                }
            }
        }
        catch (SqliteException e) when (e.IsStorageFailure)
        {
            Add(LedgerPart.File, 0, "", e.Message, advice);
        }
    }

    public void Holds()
    {
        var rows = connection.Prepare("SELECT request, caller, body, crc FROM holds WHERE NOT EXISTS(SELECT 1 FROM receipts r WHERE r.request = holds.request)");
        while (rows.Step())
        {
            if (rows.Integer(3) != Ledger.HoldChecksum(rows.Blob(0), rows.Text(1), rows.Blob(2)))
            {
                Add(LedgerPart.Hold, 0, Hex.Encode(rows.Blob(0)), "its checksum doesn't hold", "it becomes a void receipt when it is closed, or at the next start");
            }
        }

        rows = connection.Prepare("SELECT cached, completion, state, duration, energy, source, crc, request FROM checkpoints");
        while (rows.Step())
        {
            if (rows.Integer(6) != Ledger.CheckpointChecksum(rows))
            {
                Add(LedgerPart.Checkpoint, 0, Hex.Encode(rows.Blob(7)), "its checksum doesn't hold", "nothing is billed for it unless the request still ends by itself");
            }
        }
    }

    public void Tariffs()
    {
        Hashed<Tariff>("tariffs", LedgerPart.Tariff, (hash, tariff) => KnownTariffs[hash] = tariff);
        Hashed<Schedule>("schedules", LedgerPart.Schedule, (_, _) => { });
    }

    public void Intents()
    {
        var rows = connection.Prepare("SELECT batch, body, chain, contract, crc FROM intents");
        while (rows.Step())
        {
            if (rows.Integer(4) != Ledger.IntentChecksum(rows.Integer(0), rows.Blob(1), rows.Integer(2), rows.Blob(3)))
            {
                Add(LedgerPart.Intent, (ulong)rows.Integer(0), "", "its checksum doesn't hold", "the next batch replaces it");
            }
        }
    }

    /// <summary>What is known of cards' signature counters.</summary>
    public void Counters()
    {
        var rows = connection.Prepare($"SELECT {KnownCounter.Columns} FROM key_counters");
        while (rows.Step())
        {
            if (KnownCounter.TryRead(rows) is null)
            {
                Add(LedgerPart.Counter, 0, Hex.Encode(rows.Blob(0)), "its checksum doesn't hold", "the last batch's counter serves until the next is signed");
            }
        }

        rows = connection.Prepare($"SELECT {KeyEvent.Columns}, id FROM key_events");
        while (rows.Step())
        {
            if (KeyEvent.TryRead(rows) is null)
            {
                Add(LedgerPart.Counter, (ulong)rows.Integer(8), "", "the checksum of what moved it doesn't hold", "the card's counter itself is checked before each batch");
            }
        }
    }

    /// <summary>The rollbacks that were accepted, in their order.</summary>
    public Queue<RollbackEvidence> Rollbacks()
    {
        var accepted = new Queue<RollbackEvidence>();
        var rows = connection.Prepare($"SELECT {RollbackEvidence.Columns}, accepted FROM rollbacks ORDER BY batch");
        while (rows.Step())
        {
            if (RollbackEvidence.TryRead(rows) is not { } rollback)
            {
                Add(LedgerPart.Rollback, (ulong)rows.Integer(0), "", "its checksum doesn't hold", rows.Integer(9) == 0
                    ? "the collector's next verdict replaces it"
                    : "restore the file from a copy");
            }
            else if (rows.Integer(9) == 1)
            {
                accepted.Enqueue(rollback);
            }
        }

        return accepted;
    }

    private void Hashed<T>(string table, LedgerPart part, Action<Bytes32, T> good)
        where T : ITypedStruct<T>, new()
    {
        var rows = connection.Prepare($"SELECT hash, body FROM {table}");
        while (rows.Step())
        {
            var (hash, body) = (rows.Blob(0), rows.Blob(1));
            try
            {
                var value = TypedStruct.FromBytes<T>(body);
                if (TypedStruct.Hash(value).AsSpan().SequenceEqual(hash))
                {
                    good(new Bytes32(hash), value);
                    continue;
                }
            }
            catch (FormatException)
            {
                // Reported below, as is a wrong hash.
            }

            Add(part, 0, Hex.Encode(hash), "its content doesn't have its hash", "add it again, it is then written anew");
        }
    }
}
