using System.CommandLine;
using OffLM.Edge.Hosting;
using OffLM.Edge.Metering;

namespace OffLM.Edge.Commands;

/// <summary><c>status</c>: what the node does now, or, when none runs, what it left.</summary>
internal static class StatusCommand
{
    public static Command Create()
    {
        var command = new Command("status", "Show what the node does, and what needs attention.");
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult result, CancellationToken cancellation)
    {
        var state = GlobalOptions.StateOf(result);
        using var node = ControlClient.Find(state);
        if (node is null)
        {
            return ShowStopped(state, result.GetValue(GlobalOptions.Json));
        }

        using var status = await node.SendAsync(HttpMethod.Get, "/node/v1/status", null, cancellation);
        if (result.GetValue(GlobalOptions.Json))
        {
            Output.Json(status.RootElement);
            return 0;
        }

        StatusPage.Print(status.RootElement);
        return 0;
    }

    private static int ShowStopped(StateDirectory state, bool asJson)
    {
        if (!File.Exists(state.Ledger))
        {
            throw new CommandException($"No node runs on {state.Root}, and none ever has. Start one with 'offlm-edge run --state {state.Root}'.");
        }

        using var ledger = LedgerReader.Open(state.Ledger);
        var (summary, outbox) = (ledger.Summary(), ledger.Outbox());
        if (asJson)
        {
            Output.Json(json =>
            {
                json.WriteStartObject();
                json.WriteString("state", "stopped");
                json.WriteNumber("receipts", summary.Receipts);
                json.WriteNumber("open", summary.Open);
                json.WriteNumber("batches", summary.Batches);
                json.WriteNumber("unsettledBatches", outbox.Unsettled);
                json.WriteNumber("refusedBatches", outbox.Refused);
                json.WriteEndObject();
            });
        }
        else
        {
            Output.Pairs(
                ("state", $"stopped ({state.Root})"),
                ("address", summary.Node?.ToString() ?? "none yet"),
                ("receipts", $"{summary.Receipts}, {summary.Open} not signed yet"),
                ("batches", $"{summary.Batches}, {outbox.Unsettled} not settled, {outbox.Refused} refused"));
        }

        return 1;
    }
}
