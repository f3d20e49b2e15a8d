using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using OffLM.Edge.Signing;
using OffLM.Fleet.Reports;
using OffLM.Fleet.Settlements;
using OffLM.Fleet.Store;

namespace OffLM.Fleet.Commands;

/// <summary><c>settle</c>, <c>settle list</c> and <c>settle proof</c>.</summary>
internal static class SettleCommand
{
    private static readonly Argument<string> Node = new("node") { Description = "The node's address." };
    private static readonly Argument<ulong> Batch = new("batch") { Description = "The batch's number." };

    public static Command Create()
    {
        var list = new Command("list", "List the settlements.");
        list.SetAction(List);
        var proof = new Command("proof", "Prove that a batch is in its settlement: leaf, proof and root for OpenZeppelin's MerkleProof.") { Node, Batch };
        proof.SetAction(Prove);
        var settle = new Command("settle", "Close a settlement period: all settled batches that are in none yet, under one signed Merkle root.") { list, proof };
        settle.SetAction(Settle);
        return settle;
    }

    private static int Settle(ParseResult result)
    {
        using var database = FleetOptions.OpenExisting(result);
        using var key = FleetOptions.OpenKey(result);
        var domain = new MetaTable(database.Connection).Domain() ?? TypedDomain.TestNetwork;
        var row = new Settler(database, TimeProvider.System).Close(new Notary(key), domain);
        if (result.GetValue(FleetOptions.Json))
        {
            Output.Json(json => WriteNullable(json, row));
        }
        else if (row is null)
        {
            Console.WriteLine("There is nothing to settle: every settled batch is in a settlement.");
        }
        else
        {
            Print(row);
            Console.WriteLine(domain.IsTestNetwork ? "It is signed for a test network: worth nothing." : $"It is signed for chain {domain.ChainId}.");
        }

        return 0;
    }

    private static int List(ParseResult result)
    {
        using var database = FleetOptions.OpenReadOnly(result);
        var rows = new SettlementTable(database.Connection).All();
        if (result.GetValue(FleetOptions.Json))
        {
            Output.Json(json =>
            {
                json.WriteStartArray();
                foreach (var row in rows)
                {
                    Write(json, row);
                }

                json.WriteEndArray();
            });
        }
        else
        {
            Output.Table([
                ["NUMBER", "CLOSED", "BATCHES", "RECEIPTS", "FEES", "ROOT"],
                .. rows.Select(r => (string[])[
                    $"{r.Settlement.Number}", Times.Text((long)r.Settlement.ClosedAt), $"{r.Settlement.Batches}", $"{r.Settlement.Receipts}",
                    Output.Offlm(r.Settlement.Fees), r.Settlement.Root.ToString()]),
            ]);
        }

        return 0;
    }

    private static int Prove(ParseResult result)
    {
        using var database = FleetOptions.OpenReadOnly(result);
        var proof = new Settler(database, TimeProvider.System).Prove(FleetOptions.AddressOf(result.GetRequiredValue(Node)), result.GetValue(Batch));
        if (result.GetValue(FleetOptions.Json))
        {
            Output.Json(json =>
            {
                json.WriteStartObject();
                json.WriteNumber("settlement", proof.Settlement);
                json.WriteNumber("index", proof.Index);
                json.WriteString("leaf", proof.Leaf.ToString());
                json.WriteStartArray("proof");
                foreach (var sibling in proof.Proof)
                {
                    json.WriteStringValue(sibling.ToString());
                }

                json.WriteEndArray();
                json.WriteString("root", proof.Root.ToString());
                json.WriteEndObject();
            });
        }
        else
        {
            Output.Pairs([
                ("settlement", $"{proof.Settlement}"), ("index", $"{proof.Index}"), ("leaf", proof.Leaf.ToString()),
                .. proof.Proof.Select(sibling => ("proof", sibling.ToString())), ("root", proof.Root.ToString())]);
        }

        return 0;
    }

    private static void Print(SettlementRow row) => Output.Pairs(
        ("settlement", $"{row.Settlement.Number}"),
        ("closed", Times.Text((long)row.Settlement.ClosedAt)),
        ("batches", $"{row.Settlement.Batches}"),
        ("receipts", $"{row.Settlement.Receipts}, {row.Hidden} of them hidden"),
        ("fees", Output.Offlm(row.Settlement.Fees)),
        ("root", row.Settlement.Root.ToString()),
        ("hash", row.Hash.ToString()),
        ("collector", row.Collector.ToString()),
        ("signature", row.Signature.ToString()));

    private static void WriteNullable(Utf8JsonWriter json, SettlementRow? row)
    {
        if (row is null)
        {
            json.WriteNullValue();
        }
        else
        {
            Write(json, row);
        }
    }

    private static void Write(Utf8JsonWriter json, SettlementRow row)
    {
        var settlement = row.Settlement;
        json.WriteStartObject();
        json.WriteNumber("number", settlement.Number);
        json.WriteString("previous", settlement.Previous.ToString());
        json.WriteNumber("batches", settlement.Batches);
        json.WriteNumber("receipts", settlement.Receipts);
        json.WriteNumber("hidden", row.Hidden);
        json.WriteString("root", settlement.Root.ToString());
        json.WriteString("closedAt", settlement.ClosedAt.ToString(CultureInfo.InvariantCulture));
        FigureNames.Write(json, row.Sums);
        json.WriteString("hash", row.Hash.ToString());
        json.WriteString("collector", row.Collector.ToString());
        json.WriteString("signature", row.Signature.ToString());
        json.WriteEndObject();
    }
}
