using OffLM.Edge.Signing;
using OffLM.Fleet.Store;
using OffLM.Mqtt;

namespace OffLM.Fleet.Collecting;

/// <summary>What a collector needs to know.</summary>
/// <param name="Database">The database's path.</param>
/// <param name="Fleet">The fleet whose nodes it listens to.</param>
/// <param name="Group">The group of collectors that share the batches.</param>
/// <param name="Rules">Whose batches settle, and for which network.</param>
/// <param name="Broker">How to reach the broker.</param>
internal sealed record CollectorOptions(string Database, string Fleet, string Group, BookRules Rules, MqttOptions Broker)
{
    /// <summary>The default of <see cref="Group"/>.</summary>
    public const string DefaultGroup = "collectors";

    /// <summary>
    /// How long the broker keeps a collector's share of the batches while it is away: long enough for a restart. What a collector that
    /// never comes back was given waits for so long at most; then, and after the nodes' next attempt, the others get it.
    /// </summary>
    public static readonly TimeSpan SessionExpiry = TimeSpan.FromMinutes(5);

    /// <summary>True for what stands in a shared subscription: no separators or wildcards.</summary>
    public static bool IsGroup(string name) => Topics.IsFleet(name);
}
