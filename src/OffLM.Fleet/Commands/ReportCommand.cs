using System.CommandLine;
using System.Globalization;
using OffLM.Fleet.Reports;
using OffLM.Fleet.Verification;

namespace OffLM.Fleet.Commands;

/// <summary><c>report</c>: what was settled, and who is owed what.</summary>
internal static class ReportCommand
{
    private static readonly Option<Grouping?> By = new("--by") { Description = "Add up by this, with the exact split of the fees. Default: a line for each node." };
    private static readonly Option<bool> AsCsv = new("--csv") { Description = "Answer in CSV, amounts in atto-OFFLM." };

    public static Command Create()
    {
        var command = new Command("report", "Show what was settled, by node, payer, builder, model, day or tariff.") { By, AsCsv };
        command.SetAction(Run);
        return command;
    }

    private static int Run(ParseResult result)
    {
        using var database = FleetOptions.OpenReadOnly(result);
        var json = result.GetValue(FleetOptions.Json);
        if (result.GetValue(By) is { } by)
        {
            var groups = GroupReport.Read(database, by);
            if (json)
            {
                WriteJson(by, groups);
            }
            else if (result.GetValue(AsCsv))
            {
                Console.Write(Csv.Format(GroupReport.Rows(by, groups)));
            }
            else
            {
                WriteTable(by, groups);
            }

            return 0;
        }

        var nodes = NodeReport.Read(database);
        if (json)
        {
            WriteJson(nodes);
        }
        else if (result.GetValue(AsCsv))
        {
            Console.Write(Csv.Format([["node", "batches", "receipts", "hidden", "fees", "refused", "pending"], .. nodes.Select(n => Row(n, n.Fees.ToString(CultureInfo.InvariantCulture)))]));
        }
        else
        {
            Output.Table([["NODE", "BATCHES", "RECEIPTS", "HIDDEN", "FEES", "REFUSED", "PENDING"], .. nodes.Select(n => Row(n, Output.Offlm(n.Fees)))]);
        }

        return 0;
    }

    private static string[] Row(NodeReport node, string fees) => [
        node.Node.ToString(), Text(node.Batches), Text(node.Receipts), Text(node.Hidden), fees, Text(node.Refused), Text(node.Pending)];

    private static void WriteJson(IReadOnlyList<NodeReport> nodes) => Output.Json(json =>
    {
        json.WriteStartObject();
        json.WriteStartArray("nodes");
        foreach (var node in nodes)
        {
            json.WriteStartObject();
            json.WriteString("node", node.Node.ToString());
            json.WriteNumber("batches", node.Batches);
            json.WriteNumber("receipts", node.Receipts);
            json.WriteNumber("hidden", node.Hidden);
            json.WriteString("fees", node.Fees.ToString(CultureInfo.InvariantCulture));
            json.WriteNumber("refused", node.Refused);
            json.WriteNumber("pending", node.Pending);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    });

    private static void WriteJson(Grouping by, IReadOnlyList<Group> groups) => Output.Json(json =>
    {
        json.WriteStartObject();
        json.WriteString("by", GroupReport.NameOf(by));
        json.WriteStartArray("groups");
        foreach (var group in groups)
        {
            json.WriteStartObject();
            json.WriteString(GroupReport.NameOf(by), group.Key);
            json.WriteNumber("receipts", (long)group.Sums[Figure.Receipts]);
            json.WriteNumber("hidden", (long)group.Hidden);
            FigureNames.Write(json, group.Sums);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    });

    private static void WriteTable(Grouping by, IReadOnlyList<Group> groups) => Output.Table([
        [GroupReport.NameOf(by).ToUpperInvariant(), "RECEIPTS", "FEES", "PROVIDER", "MODEL", "STAKERS", "CONTRIBUTORS", "PLATFORM"],
        .. groups.Select(g => (string[])[
            g.Key, g.Sums[Figure.Receipts].ToString(CultureInfo.InvariantCulture),
            .. new[] { Figure.Fees, Figure.Provider, Figure.Model, Figure.Stakers, Figure.Contributors, Figure.Platform }.Select(f => Output.Offlm(g.Sums[f]))]),
    ]);

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
