using Microsoft.Extensions.Logging;
using OffLM.Edge.Signing;
using OffLM.Edge.Work;
using OffLM.Mqtt;

namespace OffLM.Edge.Network.Presence;

/// <summary>Tells the network what the node is and that it is there: the retained topics <c>birth</c> and <c>state</c>.</summary>
/// <param name="node">What is told of.</param>
/// <param name="identity">The address that it goes by.</param>
/// <param name="topics">Where.</param>
/// <param name="logger">Says what the broker refuses.</param>
internal sealed partial class Announcer(Node node, Address identity, Topics topics, ILogger<Announcer> logger)
{
    private byte[] _birth = [];
    private string? _problem;

    /// <summary>What the broker said against it; null while it takes it.</summary>
    public string? Problem => Volatile.Read(ref _problem);

    /// <summary>What the broker says for a node that is gone, and the node itself before it goes.</summary>
    public MqttMessage Farewell() => State("offline");

    /// <summary>Says what the node is, and that it is there. Returns also where the broker refuses it; never throws but for a lost link.</summary>
    public async Task AnnounceAsync(Func<MqttMessage, CancellationToken, Task> publish, CancellationToken cancellation)
    {
        _birth = Birth();
        await TryAsync(publish, new MqttMessage(topics.Birth, _birth) { Retain = true, ContentType = PresenceJson.ContentType }, cancellation);
        await TryAsync(publish, State("online"), cancellation);
    }

    /// <summary>Says anew what the node is, if that changed.</summary>
    public async Task RefreshAsync(Func<MqttMessage, CancellationToken, Task> publish, CancellationToken cancellation)
    {
        if (!Birth().AsSpan().SequenceEqual(_birth))
        {
            await AnnounceAsync(publish, cancellation);
        }
    }

    /// <summary>Says that the node takes no more requests.</summary>
    public Task DrainingAsync(Func<MqttMessage, CancellationToken, Task> publish, CancellationToken cancellation) => TryAsync(publish, State("draining"), cancellation);

    private MqttMessage State(string state) => new(topics.State, PresenceJson.State(state, node.Boot)) { Retain = true, ContentType = PresenceJson.ContentType };

    private byte[] Birth() => PresenceJson.Birth(
        node.Options.Version, node.Boot, node.Store.List().Select(m => m.Id).Order(StringComparer.Ordinal), identity, node.Key.Uri.Class, node.Options.Domain,
        node.IsRolledBack);

    private async Task TryAsync(Func<MqttMessage, CancellationToken, Task> publish, MqttMessage message, CancellationToken cancellation)
    {
        try
        {
            await publish(message, cancellation);
            Volatile.Write(ref _problem, null);
        }
        catch (MqttPublishException e)
        {
            var problem = $"The broker refuses what the node says of itself on {message.Topic}: {e.Message}";
            if (Interlocked.Exchange(ref _problem, problem) != problem)
            {
                LogRefused(problem);
            }
        }
    }

    [LoggerMessage(LogLevel.Warning, "{Problem}")]
    private partial void LogRefused(string problem);
}
