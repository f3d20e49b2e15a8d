using OffLM.Edge.Metering.Interop.Sqlite;
using OffLM.Edge.Metering.Receipts;
using OffLM.Edge.Metering.Tariffs;
using OffLM.Edge.Signing;
using OffLM.Edge.Signing.TypedStructs;

namespace OffLM.Edge.Metering;

/// <summary>From hold to receipt.</summary>
public sealed partial class Ledger
{
    /// <summary>The tariffs that receipts were billed by; one never changes under its hash. For the writer's thread.</summary>
    private readonly Dictionary<Bytes32, Tariff> _tariffs = [];

    /// <summary>
    /// Makes a hold durable. With a credit limit, its token limit is lowered to what the credit pays for after everything the caller
    /// has spent and has on hold.
    /// </summary>
    /// <param name="hold">With the request's own token limit; the ceiling is computed here.</param>
    /// <param name="creditLimit">In atto, over the caller's lifetime; null for none.</param>
    /// <param name="retryKey">Hash of the client's idempotency key; null for none.</param>
    /// <returns>The hold as it was stored.</returns>
    /// <exception cref="CreditExhaustedException">The credit doesn't pay for one token.</exception>
    /// <exception cref="RetryException">A request with this retry key was taken before.</exception>
    /// <exception cref="DuplicateRequestException">The request's name was used before.</exception>
    /// <exception cref="LedgerFullException">The disk is full.</exception>
    /// <exception cref="LedgerUnavailableException">The disk failed.</exception>
    public Task<Hold> HoldAsync(Hold hold, UInt128? creditLimit = null, Bytes32? retryKey = null) => _writer.TakeOnAsync(
        connection =>
        {
            var stored = StoreHold(connection, hold, creditLimit, retryKey);
            SweepHolds(connection);
            return stored;
        },
        undo: connection => DeleteHold(connection, hold.Request.AsSpan()));

    private static Hold StoreHold(SqliteConnection connection, Hold hold, UInt128? creditLimit, Bytes32? retryKey)
    {
        var tariff = RequireTariff(connection, hold.Tariff);
        if (HasReceipt(connection, hold.Request.AsSpan()) || HasHold(connection, hold.Request.AsSpan()))
        {
            throw new DuplicateRequestException(hold.Request);
        }

        if (retryKey is { } key)
        {
            TakeRetryKey(connection, hold, key);
        }

        var tokens = hold.TokenLimit;
        if (creditLimit is { } limit)
        {
            var used = SumOrMax(Spent(connection, hold.Caller), OnHold(connection, hold.Caller));
            var remaining = limit > used ? limit - used : 0;
            tokens = Fee.AffordableTokens(tariff, hold.PromptTokens, hold.TokenLimit, remaining);
            if (tokens == 0 && hold.TokenLimit > 0)
            {
                throw new CreditExhaustedException(remaining, Fee.Ceiling(tariff, hold.PromptTokens, 1));
            }
        }

        var stored = hold with { TokenLimit = tokens, Ceiling = Fee.Ceiling(tariff, hold.PromptTokens, tokens) };
        var body = TypedStruct.ToBytes(stored);
        connection.Prepare("INSERT INTO holds(request, caller, body, crc) VALUES(?1, ?2, ?3, ?4)")
            .Bind(1, hold.Request.AsSpan()).Bind(2, hold.Caller).Bind(3, body)
            .Bind(4, HoldChecksum(hold.Request.AsSpan(), hold.Caller, body)).Run();
        return stored;
    }

    /// <summary>Records what running answers have delivered so far. Holds that were closed meanwhile are passed over.</summary>
    /// <exception cref="ArgumentException">A commitment state that could not be taken up again.</exception>
    /// <exception cref="LedgerUnavailableException">The disk failed.</exception>
    public Task CheckpointAsync(IReadOnlyList<Checkpoint> checkpoints) => _writer.CloseOutAsync(connection =>
    {
        foreach (var c in checkpoints)
        {
            _ = Keccak256.Restore(c.CommitmentState);
            connection.Prepare(
                """
                INSERT INTO checkpoints(request, cached, completion, state, duration, energy, source, crc)
                SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8 WHERE EXISTS(SELECT 1 FROM holds WHERE request = ?1)
                ON CONFLICT(request) DO UPDATE SET cached = excluded.cached, completion = excluded.completion, state = excluded.state,
                    duration = excluded.duration, energy = excluded.energy, source = excluded.source, crc = excluded.crc
                """)
                .Bind(1, c.Request.AsSpan()).Bind(2, c.CachedTokens).Bind(3, c.CompletionTokens).Bind(4, c.CommitmentState)
                .Bind(5, c.DurationMs).Bind(6, (long)c.EnergyMicrojoules).Bind(7, (long)c.EnergySource).Bind(8, CheckpointChecksum(c)).Run();
        }

        return true;
    });

    /// <summary>
    /// Turns a hold into a receipt with the next sequence number. Asked again for the same request, gives the same receipt. A hold whose
    /// row was damaged meanwhile becomes a void receipt.
    /// </summary>
    /// <exception cref="ArgumentException">More cached tokens than prompt tokens, or more completion tokens than the hold allows.</exception>
    /// <exception cref="InvalidOperationException">There is neither a hold nor a receipt for the request.</exception>
    /// <exception cref="LedgerFullException">The disk is full, the reserve too.</exception>
    /// <exception cref="LedgerUnavailableException">The disk failed.</exception>
    public Task<Receipt> AppendAsync(Bytes32 request, Closing closing) => _writer.CloseOutAsync(connection =>
    {
        if (FindReceipt(connection, request) is { } stored)
        {
            return stored.Receipt ?? throw new InvalidOperationException(stored.Damage is { } damage
                ? $"Request {request} is receipt {stored.Sequence}, whose row is damaged: {damage}."
                : $"Request {request} is receipt {stored.Sequence}, of which only the leaf is kept.");
        }

        if (FindBillable(connection, request.AsSpan()) is var (hold, tariff))
        {
            _closedHolds.Enqueue(request);
            return Close(connection, hold, tariff, closing);
        }

        return HasHold(connection, request.AsSpan())
            ? CloseAsVoid(connection, request.AsSpan())
            : throw new InvalidOperationException($"There is no hold for request {request}.");
    });

    /// <summary>
    /// Turns what a crash left on hold into interrupted receipts at their last checkpoints. A damaged hold becomes a void receipt.
    /// To be called before the first new hold.
    /// </summary>
    /// <returns>The receipts made.</returns>
    public Task<IReadOnlyList<Receipt>> RecoverAsync() => _writer.CloseOutAsync<IReadOnlyList<Receipt>>(connection =>
    {
        var requests = new List<byte[]>();
        var rows = connection.Prepare("SELECT request FROM holds ORDER BY rowid");
        while (rows.Step())
        {
            requests.Add(rows.Blob(0));
        }

        return [.. requests.Select(request => RecoverOne(connection, request)).OfType<Receipt>()];
    });

    /// <summary>The receipt that a hold becomes; null if it had its receipt already.</summary>
    private Receipt? RecoverOne(SqliteConnection connection, byte[] request)
    {
        if (HasReceipt(connection, request))
        {
            DeleteHold(connection, request);
            return null;
        }

        if (FindBillable(connection, request) is not var (hold, tariff))
        {
            return CloseAsVoid(connection, request);
        }

        var checkpoint = FindCheckpoint(connection, request);
        var closing = checkpoint is not null && Excess(hold, checkpoint.CachedTokens, checkpoint.CompletionTokens) is null
            ? new Closing(
                Outcome.Interrupted,
                checkpoint.CachedTokens,
                checkpoint.CompletionTokens,
                Keccak256.Restore(checkpoint.CommitmentState).Current(),
                null,
                checkpoint.DurationMs,
                checkpoint.EnergyMicrojoules,
                checkpoint.EnergySource)
            : new Closing(Outcome.Interrupted, 0, 0, Commitment.Begin(hold.CompletionSalt).Current(), null, 0, 0, EnergySource.NotMeasured);
        var receipt = Close(connection, hold, tariff, closing);
        DeleteHold(connection, request);
        return receipt;
    }

    /// <summary>A hold and its tariff; null if there is none, or a damaged row keeps it from being billed.</summary>
    private (Hold Hold, Tariff Tariff)? FindBillable(SqliteConnection connection, ReadOnlySpan<byte> request)
    {
        if (request.Length != Bytes32.Size)
        {
            return null;
        }

        try
        {
            if (FindHold(connection, new Bytes32(request)) is not { } hold)
            {
                return null;
            }

            if (!_tariffs.TryGetValue(hold.Tariff, out var tariff))
            {
                _tariffs.Add(hold.Tariff, tariff = RequireTariff(connection, hold.Tariff));
            }

            return (hold, tariff);
        }
        catch (Exception e) when (e is FormatException or InvalidOperationException)
        {
            return null;
        }
    }

    private static Receipt CloseAsVoid(SqliteConnection connection, ReadOnlySpan<byte> request)
    {
        DeleteHold(connection, request);
        var usable = request.Length == Bytes32.Size && !HasReceipt(connection, request);
        return Append(connection, "", VoidReceipt(usable ? new Bytes32(request) : Bytes32.Random()));
    }

    private static Receipt VoidReceipt(Bytes32 request) => new() { Request = request, Outcome = Outcome.Void, Tariff = TypedStruct.Hash(Tariff.Free) };

    /// <summary>Null if so many tokens fit the hold; else why not.</summary>
    private static string? Excess(Hold hold, uint cachedTokens, uint completionTokens) =>
        cachedTokens > hold.PromptTokens ? $"{cachedTokens} cached tokens of {hold.PromptTokens} prompt tokens"
        : completionTokens > hold.TokenLimit ? $"{completionTokens} completion tokens where the hold allows {hold.TokenLimit}"
        : null;

    private static Receipt Close(SqliteConnection connection, Hold hold, Tariff tariff, Closing closing)
    {
        if (Excess(hold, closing.CachedTokens, closing.CompletionTokens) is { } excess)
        {
            throw new ArgumentException($"Request {hold.Request} can't be closed with {excess}.", nameof(closing));
        }

        var record = closing.ExecutionRecord ?? hold.ExecutionRecord;
        var receipt = new Receipt
        {
            Request = hold.Request,
            Origin = hold.Origin,
            Payer = hold.Payer,
            Builder = hold.Builder,
            Grant = hold.Grant,
            Model = hold.Model,
            Adapter = hold.Adapter,
            Tariff = hold.Tariff,
            PromptTokens = hold.PromptTokens,
            CachedTokens = closing.CachedTokens,
            CompletionTokens = closing.CompletionTokens,
            Outcome = closing.Outcome,
            PromptCommitment = hold.PromptCommitment,
            CompletionCommitment = closing.CompletionCommitment,
            Execution = Commitment.To(hold.ExecutionSalt, record),
            StartedAt = hold.StartedAt,
            Clock = hold.Clock,
            DurationMs = closing.DurationMs,
            EnergyMicrojoules = closing.EnergyMicrojoules,
            EnergySource = closing.EnergySource,
            Extension = closing.Extension,
        };
        receipt = Append(connection, hold.Caller, receipt with { Fee = Fee.Of(tariff, receipt).Total });
        connection.Prepare("INSERT INTO salts(sequence, prompt, completion, execution, record) VALUES(?1, ?2, ?3, ?4, ?5)")
            .Bind(1, (long)receipt.Sequence).Bind(2, hold.PromptSalt.AsSpan()).Bind(3, hold.CompletionSalt.AsSpan())
            .Bind(4, hold.ExecutionSalt.AsSpan()).Bind(5, record).Run();
        if (receipt.Fee != 0)
        {
            AddSpent(connection, hold.Caller, receipt.Fee);
        }

        return receipt;
    }

    /// <summary>Gives the receipt its sequence number, inside the commit that appends it.</summary>
    private static Receipt Append(SqliteConnection connection, string caller, Receipt receipt)
    {
        // Behind what the ledger has, and behind what the network is known to have.
        var last = connection.Prepare(
            """
            SELECT max(coalesce((SELECT max(sequence) FROM receipts), 0),
                coalesce((SELECT sequence FROM rollbacks WHERE accepted = 1 ORDER BY batch DESC LIMIT 1), 0))
            """);
        return Insert(connection, caller, receipt with { Sequence = Number(last) + 1 });
    }

    private static Receipt Insert(SqliteConnection connection, string caller, Receipt receipt)
    {
        var (body, leaf) = (TypedStruct.ToBytes(receipt), TypedStruct.Hash(receipt));
        connection.Prepare("INSERT INTO receipts(sequence, request, caller, leaf, body, crc) VALUES(?1, ?2, ?3, ?4, ?5, ?6)")
            .Bind(1, (long)receipt.Sequence).Bind(2, receipt.Request.AsSpan()).Bind(3, caller).Bind(4, leaf.AsSpan()).Bind(5, body)
            .Bind(6, StoredReceipt.Checksum(receipt.Sequence, receipt.Request.AsSpan(), caller, leaf.AsSpan(), body)).Run();
        return receipt;
    }

    private static void TakeRetryKey(SqliteConnection connection, Hold hold, Bytes32 key)
    {
        var row = connection.Prepare("SELECT request FROM retries WHERE caller = ?1 AND key = ?2").Bind(1, hold.Caller).Bind(2, key.AsSpan());
        Bytes32? earlier = row.Step() ? new Bytes32(row.Blob(0)) : null;
        row.Reset();
        if (earlier is { } request && !MayBeRepeated(connection, request))
        {
            throw new RetryException(request);
        }

        connection.Prepare("INSERT INTO retries(caller, key, request) VALUES(?1, ?2, ?3) ON CONFLICT DO UPDATE SET request = excluded.request")
            .Bind(1, hold.Caller).Bind(2, key.AsSpan()).Bind(3, hold.Request.AsSpan()).Run();
    }

    /// <summary>True if the request never ran, or ended without delivering anything: then a retry is a new attempt.</summary>
    private static bool MayBeRepeated(SqliteConnection connection, Bytes32 request) => FindReceipt(connection, request) is { } stored
        ? stored.Receipt is { CompletionTokens: 0, Outcome: not Outcome.Stop and not Outcome.Length }
        : !HasHold(connection, request.AsSpan());

    /// <exception cref="InvalidOperationException">The ledger has no such tariff.</exception>
    /// <exception cref="FormatException">Its row is damaged.</exception>
    private static Tariff RequireTariff(SqliteConnection connection, Bytes32 hash)
    {
        var row = connection.Prepare("SELECT body, crc FROM tariffs WHERE hash = ?1").Bind(1, hash.AsSpan());
        if (!row.Step())
        {
            throw new InvalidOperationException($"The tariff {hash} is not in the ledger.");
        }

        var (body, crc) = (row.Blob(0), row.Integer(1));
        row.Reset();
        return crc == new RowChecksum().Add(hash.AsSpan()).Add(body).Value
            ? TypedStruct.FromBytes<Tariff>(body)
            : throw new FormatException($"The row of tariff {hash} is damaged: its checksum doesn't hold.");
    }

    private static Hold? FindHold(SqliteConnection connection, Bytes32 request)
    {
        var row = connection.Prepare("SELECT caller, body, crc FROM holds WHERE request = ?1").Bind(1, request.AsSpan());
        if (!row.Step())
        {
            return null;
        }

        var (caller, body, crc) = (row.Text(0), row.Blob(1), row.Integer(2));
        row.Reset();
        return crc == HoldChecksum(request.AsSpan(), caller, body)
            ? TypedStruct.FromBytes<Hold>(body)
            : throw new FormatException($"The hold of request {request} is damaged: its checksum doesn't hold.");
    }

    /// <summary>The last checkpoint; null if there is none or it is damaged: then nothing is proven.</summary>
    private static Checkpoint? FindCheckpoint(SqliteConnection connection, byte[] request)
    {
        var row = connection.Prepare("SELECT cached, completion, state, duration, energy, source, crc, request FROM checkpoints WHERE request = ?1").Bind(1, request);
        if (!row.Step())
        {
            return null;
        }

        var checkpoint = new Checkpoint(
            new Bytes32(request), (uint)row.Integer(0), (uint)row.Integer(1), row.Blob(2), (uint)row.Integer(3), (ulong)row.Integer(4), (EnergySource)row.Integer(5));
        var good = row.Integer(6) == CheckpointChecksum(row);
        row.Reset();
        return good ? checkpoint : null;
    }

    internal static long HoldChecksum(ReadOnlySpan<byte> request, string caller, ReadOnlySpan<byte> body) => new RowChecksum().Add(request).Add(caller).Add(body).Value;

    /// <summary>For a row selected as cached, completion, state, duration, energy, source, crc, request.</summary>
    internal static long CheckpointChecksum(SqliteStatement row) => new RowChecksum()
        .Add(row.Blob(7)).Add(row.Integer(0)).Add(row.Integer(1)).Add(row.Blob(2)).Add(row.Integer(3)).Add(row.Integer(4)).Add(row.Integer(5)).Value;

    private static long CheckpointChecksum(Checkpoint c) => new RowChecksum()
        .Add(c.Request.AsSpan()).Add(c.CachedTokens).Add(c.CompletionTokens).Add(c.CommitmentState)
        .Add(c.DurationMs).Add((long)c.EnergyMicrojoules).Add((long)c.EnergySource).Value;
}
