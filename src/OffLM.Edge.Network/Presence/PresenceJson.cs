using System.Text.Json;
using OffLM.Edge.Signing;

namespace OffLM.Edge.Network.Presence;

/// <summary>The JSON of the retained topics <c>birth</c> and <c>state</c>: what the node is, and whether it is there.</summary>
internal static class PresenceJson
{
    /// <summary>Rises when a field changes its meaning.</summary>
    public const int SchemaVersion = 1;

    public const string ContentType = "application/json";

    /// <summary>The birth certificate of one start.</summary>
    /// <param name="version">The program's.</param>
    /// <param name="boot">How often the node has started.</param>
    /// <param name="models">The ids of the models in its store; their names are nobody's business.</param>
    /// <param name="node">The key's address.</param>
    /// <param name="key">What holds the key.</param>
    /// <param name="domain">The network that it signs for.</param>
    /// <param name="rolledBack">Whether the network or the card knows of batches that its ledger lacks: it signs nothing and takes no paid work on a card's word.</param>
    public static byte[] Birth(string version, uint boot, IEnumerable<string> models, Address node, KeyClass key, TypedDomain domain, bool rolledBack) => Write(json =>
    {
        json.WriteNumber("schema", SchemaVersion);
        json.WriteStartObject("software");
        json.WriteString("name", "offlm-edge");
        json.WriteString("version", version);
        json.WriteEndObject();
        json.WriteNumber("boot", boot);
        json.WriteStartArray("models");
        foreach (var model in models)
        {
            json.WriteStringValue(model);
        }

        json.WriteEndArray();
        json.WriteStartObject("key");
        json.WriteString("address", node.ToString());
        json.WriteString("class", key == KeyClass.KeyFile ? "file" : "card");
        json.WriteEndObject();
        json.WriteBoolean("rolledBack", rolledBack);
        json.WriteStartObject("network");
        json.WriteNumber("chainId", domain.ChainId);
        json.WriteString("verifyingContract", domain.VerifyingContract.ToString());
        json.WriteEndObject();
    });

    /// <summary>Whether the node is there.</summary>
    /// <param name="state">online, draining, offline.</param>
    /// <param name="boot">How often the node has started: a late <c>offline</c> of an earlier start counts for nothing.</param>
    public static byte[] State(string state, uint boot) => Write(json =>
    {
        json.WriteNumber("schema", SchemaVersion);
        json.WriteString("state", state);
        json.WriteNumber("boot", boot);
    });

    private static byte[] Write(Action<Utf8JsonWriter> fields)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream))
        {
            json.WriteStartObject();
            fields(json);
            json.WriteEndObject();
        }

        return stream.ToArray();
    }
}
