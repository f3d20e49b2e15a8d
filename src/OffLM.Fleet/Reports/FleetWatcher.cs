using OffLM.Edge.Metering.Interop.Sqlite;
using OffLM.Edge.Signing;
using OffLM.Fleet.Store;

namespace OffLM.Fleet.Reports;

/// <summary>Something that happened, for who watches.</summary>
/// <param name="At">Unix milliseconds.</param>
/// <param name="Node">Whose.</param>
/// <param name="Kind">settled, refused, online, draining, offline, or an incident's kind.</param>
/// <param name="Text">A sentence.</param>
internal sealed record FleetEvent(long At, Address Node, string Kind, string Text);

/// <summary>Says what has changed in the database since it was last asked.</summary>
internal sealed class FleetWatcher
{
    private const int MaxEvents = 1000;

    private readonly FleetDatabase _database;
    private readonly BatchTable _batches;
    private readonly IncidentTable _incidents;
    private readonly PresenceTable _presence;
    private string? _version;
    private long _lastBatch;
    private long _lastIncident;
    private Dictionary<Address, (string? State, long? At)> _states;

    public FleetWatcher(FleetDatabase database)
    {
        _database = database;
        _batches = new BatchTable(database.Connection);
        _incidents = new IncidentTable(database.Connection);
        _presence = new PresenceTable(database.Connection);
        (_version, _lastBatch, _lastIncident, _states) = (Version(), _batches.LastId(), LastIncident(), States());
    }

    /// <summary>What happened since the last call, or since the beginning.</summary>
    /// <exception cref="SqliteException">The database can't be read.</exception>
    public IReadOnlyList<FleetEvent> Next()
    {
        var version = Version();
        if (version == _version)
        {
            return [];
        }

        _version = version;
        return [.. _database.Read(() => Batches().Concat(Incidents()).Concat(Presence()).ToList()).OrderBy(e => e.At)];
    }

    /// <summary>Changes when another connection has written.</summary>
    private string? Version() => _database.Connection.Scalar("PRAGMA data_version");

    private List<FleetEvent> Batches()
    {
        var judged = _batches.JudgedAfter(_lastBatch, MaxEvents);
        if (judged.Count == 0)
        {
            return [];
        }

        _lastBatch = judged[^1].Id;
        if (judged.Count == MaxEvents)
        {
            // There may be more.
            _version = null;
        }

        return [.. judged.Select(b => b.Refusal is { } refusal
            ? new FleetEvent(b.Received, b.Node, "refused", $"batch {b.Number}: {refusal.Reason}")
            : new FleetEvent(b.Received, b.Node, "settled", $"batch {b.Number}: {b.Count} receipts, {Output.Offlm(b.Sums[Verification.Figure.Fees])}"))];
    }

    private List<FleetEvent> Incidents()
    {
        var incidents = _incidents.Latest(MaxEvents).Where(i => i.Last > _lastIncident).ToList();
        _lastIncident = Math.Max(_lastIncident, incidents.Count == 0 ? 0 : incidents[0].Last);
        return [.. incidents.Select(i => new FleetEvent(i.Last, i.Node, i.Kind, i.Count == 1 ? i.What : $"{i.What} ({i.Count} times)"))];
    }

    private List<FleetEvent> Presence()
    {
        var now = States();
        var changed = now.Where(p => p.Value.State is not null && _states.GetValueOrDefault(p.Key).State != p.Value.State)
            .Select(p => new FleetEvent(p.Value.At ?? 0, p.Key, p.Value.State!, "")).ToList();
        _states = now;
        return changed;
    }

    private Dictionary<Address, (string? State, long? At)> States() => _presence.All().ToDictionary(p => p.Key, p => (p.Value.State, p.Value.StateAt));

    private long LastIncident() => _incidents.Latest(1) is [var last] ? last.Last : 0;
}
