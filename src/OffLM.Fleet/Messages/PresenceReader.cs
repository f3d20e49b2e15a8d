using System.Text.Json;
using Google.Protobuf;
using OffLM.Mqtt.Contracts;

namespace OffLM.Fleet.Messages;

/// <summary>A node's birth certificate, as it came: unsigned, for people to look at.</summary>
/// <param name="Version">The program's.</param>
/// <param name="Boot">How often the node has started.</param>
/// <param name="Models">How many models it has.</param>
internal sealed record Birth(string Version, uint Boot, int Models);

/// <summary>Whether a node is there.</summary>
/// <param name="State">online, draining or offline.</param>
/// <param name="Boot">How often the node has started.</param>
internal sealed record NodeState(string State, uint Boot);

/// <summary>What a node tells of itself. Anything may stand in these messages: what isn't as expected is null.</summary>
internal static class PresenceReader
{
    private const int MaxBytes = 64 * 1024;
    private const int MaxVersion = 40;

    public static Birth? ReadBirth(ReadOnlyMemory<byte> json) => Read(json, root =>
        root.GetProperty("software").GetProperty("version").GetString() is { Length: <= MaxVersion } version && !version.Any(char.IsControl)
            ? new Birth(version, root.GetProperty("boot").GetUInt32(), root.GetProperty("models").GetArrayLength())
            : null);

    public static NodeState? ReadState(ReadOnlyMemory<byte> json) => Read(json, root =>
        root.GetProperty("state").GetString() is ("online" or "draining" or "offline") and var state
            ? new NodeState(state, root.GetProperty("boot").GetUInt32())
            : null);

    public static TelemetryMessage? ReadTelemetry(ReadOnlyMemory<byte> message)
    {
        try
        {
            return message.Length <= MaxBytes ? TelemetryMessage.Parser.ParseFrom(message.Span) : null;
        }
        catch (InvalidProtocolBufferException)
        {
            return null;
        }
    }

    private static T? Read<T>(ReadOnlyMemory<byte> json, Func<JsonElement, T?> read)
        where T : class
    {
        if (json.Length > MaxBytes)
        {
            return null;
        }

        try
        {
            using var document = JsonDocument.Parse(json);
            return read(document.RootElement);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException or FormatException)
        {
            // Not JSON; a value of another kind; a field missing; a number out of range.
            return null;
        }
    }
}
