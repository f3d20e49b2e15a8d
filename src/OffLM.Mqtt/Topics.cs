using System.Diagnostics.CodeAnalysis;

namespace OffLM.Mqtt;

/// <summary>The topics of one node: <c>offlm/v1/&lt;fleet&gt;/&lt;node&gt;/…</c>. The only place that spells them.</summary>
/// <param name="Fleet">The fleet's name, see <see cref="IsFleet"/>.</param>
/// <param name="Node">The node's address: 0x and 40 lower-case hexadecimal digits.</param>
public sealed record Topics(string Fleet, string Node)
{
    /// <summary>The root of all topics; its version is that of the contract.</summary>
    public const string Root = "offlm/v1";

    /// <summary>The fleet of a node that was told none.</summary>
    public const string DefaultFleet = "default";

    private const int AddressCharacters = 42;

    private static readonly System.Buffers.SearchValues<char> FleetCharacters =
        System.Buffers.SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789-_.");

    public string Birth => Of("birth");

    public string State => Of("state");

    public string Telemetry => Of("telemetry");

    public string ReceiptBatch => Of("receipts/batch");

    public string ReceiptAcknowledgement => Of("receipts/ack");

    /// <summary>A topic filter for one kind of message of every node in a fleet, shared by a group of subscribers where one is named.</summary>
    public static string OfAllNodes(string fleet, string kind, string? group = null) =>
        group is null ? $"{Root}/{fleet}/+/{kind}" : $"$share/{group}/{Root}/{fleet}/+/{kind}";

    /// <summary>True for 1 to 64 lower-case letters, digits, <c>-</c>, <c>_</c> and <c>.</c>: what needs no escaping in topics, files or URLs.</summary>
    public static bool IsFleet(ReadOnlySpan<char> name) => name.Length is >= 1 and <= 64 && !name.ContainsAnyExcept(FleetCharacters);

    /// <summary>Takes a topic of a node apart.</summary>
    /// <param name="topic">As a message came with it.</param>
    /// <param name="topics">The node's topics.</param>
    /// <param name="kind">What follows the node, for example <c>receipts/batch</c>.</param>
    /// <returns>False if it is no topic of a node.</returns>
    public static bool TryParse(string topic, [NotNullWhen(true)] out Topics? topics, [NotNullWhen(true)] out string? kind)
    {
        (topics, kind) = (null, null);
        if (topic.Split('/', 5) is not ["offlm", "v1", var fleet, var node, { Length: > 0 } rest] || !IsFleet(fleet) || !IsNode(node))
        {
            return false;
        }

        (topics, kind) = (new Topics(fleet, node), rest);
        return true;
    }

    private static bool IsNode(string text) =>
        text.Length == AddressCharacters && text.StartsWith("0x", StringComparison.Ordinal) && !text.AsSpan(2).ContainsAnyExcept("0123456789abcdef");

    private string Of(string kind) => $"{Root}/{Fleet}/{Node}/{kind}";
}
