using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using OffLM.Fleet.Reports;
using OffLM.Fleet.Store;

namespace OffLM.Fleet.Commands;

/// <summary><c>nodes</c>, <c>nodes trust</c>, <c>nodes distrust</c> and <c>nodes incidents</c>.</summary>
internal static class NodesCommand
{
    private static readonly Argument<string> AddressArgument = new("address") { Description = "The node's address." };
    private static readonly Option<string?> Continues = new("--continues") { Description = "The address whose key this node's replaces: its chain goes on.", HelpName = "ADDRESS" };
    private static readonly Option<int> Limit = new("--limit") { Description = "How many, newest first.", DefaultValueFactory = _ => 50 };

    public static Command Create()
    {
        var trust = new Command("trust", "Have a node's batches settle.") { AddressArgument, Continues };
        trust.SetAction(TrustNode);
        var distrust = new Command("distrust", "Have a node's further batches refused.") { AddressArgument };
        distrust.SetAction(DistrustNode);
        var incidents = new Command("incidents", "List what should be looked at.") { Limit };
        incidents.SetAction(ListIncidents);
        var nodes = new Command("nodes", "List the nodes: whether they are there, where their chains stand, and what is wrong.") { trust, distrust, incidents };
        nodes.SetAction(List);
        return nodes;
    }

    private static int List(ParseResult result)
    {
        using var database = FleetOptions.OpenReadOnly(result);
        var nodes = NodeOverview.Read(database, TimeProvider.System.GetUtcNow());
        if (result.GetValue(FleetOptions.Json))
        {
            Output.Json(json =>
            {
                json.WriteStartArray();
                foreach (var node in nodes)
                {
                    Write(json, node);
                }

                json.WriteEndArray();
            });
        }
        else
        {
            Output.Table([
                ["NODE", "TRUST", "STATE", "BOOT", "LAST SEEN", "BATCH", "PENDING", "GAP SINCE", "REFUSED", "UNSETTLED", "INCIDENTS"],
                .. nodes.Select(n => (string[])[
                    n.Node.ToString(), n.TrustWord, n.Presence?.State ?? "", Text(n.Presence?.Boot), Times.Text(n.Presence?.LastSeen), Text((long?)n.Tip?.Batch),
                    Text(n.Pending), n.GapSince is null ? "" : Times.Text(n.GapSince), Text(n.Refused), Text(n.Presence?.UnsettledReceipts), Text(n.Incidents)]),
            ]);
        }

        return 0;
    }

    private static int TrustNode(ParseResult result)
    {
        var address = FleetOptions.AddressOf(result.GetRequiredValue(AddressArgument));
        using var database = FleetDatabase.Open(FleetOptions.PathOf(result));
        var registry = new NodeRegistry(database, TimeProvider.System);
        if (result.GetValue(Continues) is { } old)
        {
            registry.TrustAsContinuing(address, FleetOptions.AddressOf(old));
        }
        else
        {
            registry.Trust(address);
        }

        return Done(result, $"{address} is trusted.");
    }

    private static int DistrustNode(ParseResult result)
    {
        var address = FleetOptions.AddressOf(result.GetRequiredValue(AddressArgument));
        using var database = FleetDatabase.Open(FleetOptions.PathOf(result));
        var wasKnown = new NodeRegistry(database, TimeProvider.System).Withdraw(address);
        return Done(result, wasKnown ? $"{address} is no longer trusted; what was settled stays settled." : $"{address} will not be trusted, not on first use either.");
    }

    private static int Done(ParseResult result, string sentence)
    {
        if (result.GetValue(FleetOptions.Json))
        {
            Output.Json(json =>
            {
                json.WriteStartObject();
                json.WriteBoolean("ok", true);
                json.WriteEndObject();
            });
        }
        else
        {
            Console.WriteLine(sentence);
        }

        return 0;
    }

    private static int ListIncidents(ParseResult result)
    {
        using var database = FleetOptions.OpenReadOnly(result);
        var incidents = new IncidentTable(database.Connection).Latest(Math.Max(1, result.GetValue(Limit)));
        if (result.GetValue(FleetOptions.Json))
        {
            Output.Json(json =>
            {
                json.WriteStartArray();
                foreach (var incident in incidents)
                {
                    json.WriteStartObject();
                    json.WriteString("kind", incident.Kind);
                    json.WriteString("node", incident.Node.ToString());
                    json.WriteNumber("batch", incident.Batch);
                    json.WriteString("what", incident.What);
                    json.WriteNumber("first", incident.First);
                    json.WriteNumber("last", incident.Last);
                    json.WriteNumber("count", incident.Count);
                    json.WriteEndObject();
                }

                json.WriteEndArray();
            });
        }
        else
        {
            Output.Table([
                ["LAST", "TIMES", "NODE", "WHAT"],
                .. incidents.Select(i => (string[])[Times.Text(i.Last), Text(i.Count), i.Node.ToString(), i.Kind == "unreadable" ? $"unreadable: {i.What}" : i.What]),
            ]);
        }

        return 0;
    }

    private static void Write(Utf8JsonWriter json, NodeOverview node)
    {
        json.WriteStartObject();
        json.WriteString("node", node.Node.ToString());
        json.WriteString("trust", node.TrustWord);
        Number(json, "trustSince", node.Row?.Since);
        json.WriteString("continues", node.Row?.Continues?.ToString());
        json.WriteString("state", node.Presence?.State);
        json.WriteString("version", node.Presence?.Version);
        Number(json, "boot", node.Presence?.Boot);
        Number(json, "lastSeen", node.Presence?.LastSeen);
        Number(json, "batch", (long?)node.Tip?.Batch);
        Number(json, "sequence", (long?)node.Tip?.Sequence);
        Number(json, "pending", node.Pending);
        Number(json, "gapSince", node.GapSince);
        Number(json, "refused", node.Refused);
        Number(json, "unsettledBatches", node.Presence?.UnsettledBatches);
        Number(json, "unsettledReceipts", node.Presence?.UnsettledReceipts);
        Number(json, "problems", node.Presence?.Problems);
        Number(json, "incidents", node.Incidents);
        json.WriteEndObject();
    }

    private static void Number(Utf8JsonWriter json, string name, long? value)
    {
        if (value is { } number)
        {
            json.WriteNumber(name, number);
        }
        else
        {
            json.WriteNull(name);
        }
    }

    private static string Text(long? number) => number?.ToString(CultureInfo.InvariantCulture) ?? "";
}
