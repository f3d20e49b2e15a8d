using OffLM.Edge.Metering.Interop.Sqlite;
using OffLM.Edge.Signing;
using OffLM.Fleet.Messages;
using OffLM.Mqtt.Contracts;

namespace OffLM.Fleet.Store;

/// <summary>What a node last told of itself, unsigned. Times are the collector's, in Unix milliseconds; null where it told nothing.</summary>
internal sealed record PresenceRow(
    Address Node, string? Version, uint? Boot, long? BornAt, string? State, long? StateAt, long? UnsettledBatches, long? UnsettledReceipts,
    long? RefusedBatches, long? Problems, long? TelemetryAt)
{
    /// <summary>When anything was last heard of it.</summary>
    public long? LastSeen => new[] { BornAt, StateAt, TelemetryAt }.Max();
}

/// <summary>What nodes last told of themselves.</summary>
internal sealed class PresenceTable(SqliteConnection connection)
{
    /// <summary>Nodes that aren't trusted and are remembered, so that an operator sees who knocks.</summary>
    public const int StrangerLimit = 1000;

    public void SetBirth(Address node, Birth birth, long now)
    {
        if (Admit(node))
        {
            connection.Prepare("UPDATE presence SET version = ?2, boot = ?3, models = ?4, born = ?5 WHERE node = ?1")
                .Bind(1, node.AsSpan()).Bind(2, birth.Version).Bind(3, birth.Boot).Bind(4, birth.Models).Bind(5, now).Run();
        }
    }

    /// <summary>A state of an earlier start than the last birth's is late, and passed over.</summary>
    public void SetState(Address node, NodeState state, long now)
    {
        if (Admit(node))
        {
            connection.Prepare("UPDATE presence SET state = ?2, state_at = ?4 WHERE node = ?1 AND coalesce(boot, 0) <= ?3")
                .Bind(1, node.AsSpan()).Bind(2, state.State).Bind(3, state.Boot).Bind(4, now).Run();
        }
    }

    public void SetTelemetry(Address node, TelemetryMessage telemetry, long now)
    {
        if (Admit(node))
        {
            connection.Prepare(
                "UPDATE presence SET unsettled = ?2, unsettled_receipts = ?3, refused = ?4, problems = ?5, telemetry_at = ?6 WHERE node = ?1")
                .Bind(1, node.AsSpan()).Bind(2, Clamp(telemetry.UnsettledBatches)).Bind(3, Clamp(telemetry.UnsettledReceipts))
                .Bind(4, Clamp(telemetry.RefusedBatches)).Bind(5, telemetry.Problems).Bind(6, now).Run();
        }
    }

    public IReadOnlyDictionary<Address, PresenceRow> All() => connection.Prepare(
        "SELECT node, version, boot, born, state, state_at, unsettled, unsettled_receipts, refused, problems, telemetry_at FROM presence").All(Read)
        .ToDictionary(p => p.Node);

    /// <summary>Makes a node's row if it has none; false for one stranger too many.</summary>
    private bool Admit(Address node)
    {
        if (connection.Prepare("SELECT 1 FROM presence WHERE node = ?1").Bind(1, node.AsSpan()).Number() == 1)
        {
            return true;
        }

        if (connection.Prepare("SELECT 1 FROM nodes WHERE address = ?1").Bind(1, node.AsSpan()).Number() == 0
            && connection.Prepare("SELECT count(*) FROM presence WHERE node NOT IN (SELECT address FROM nodes)").Number() >= StrangerLimit)
        {
            return false;
        }

        connection.Prepare("INSERT INTO presence(node) VALUES(?1)").Bind(1, node.AsSpan()).Run();
        return true;
    }

    private static long Clamp(ulong value) => (long)Math.Min(value, long.MaxValue);

    private static PresenceRow Read(SqliteStatement row) => new(
        row.Address(0), row.IsNull(1) ? null : row.Text(1), (uint?)Integer(row, 2), Integer(row, 3), row.IsNull(4) ? null : row.Text(4), Integer(row, 5),
        Integer(row, 6), Integer(row, 7), Integer(row, 8), Integer(row, 9), Integer(row, 10));

    private static long? Integer(SqliteStatement row, int column) => row.IsNull(column) ? null : row.Integer(column);
}
