using System.CommandLine;
using OffLM.Edge.Hosting;
using OffLM.Edge.Metering;

namespace OffLM.Edge.Commands;

/// <summary><c>receipts resend</c>: opens refused batches again, so that they are sent anew.</summary>
internal static class ResendCommand
{
    private static readonly Option<ulong?> Batch = new("--batch") { Description = "Only the batch of this number. Default all that were refused.", HelpName = "N" };

    public static Command Create()
    {
        var command = new Command("resend", "Send refused batches again, after what they were refused for was mended.") { Batch };
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult result, CancellationToken cancellation)
    {
        var state = GlobalOptions.StateOf(result);
        var batch = result.GetValue(Batch);
        var reopened = await ReopenAsync(state, batch, cancellation);
        if (reopened == 0 && batch is { } number)
        {
            throw new CommandException($"Batch {number} is not refused: there is nothing to send again.");
        }

        if (result.GetValue(GlobalOptions.Json))
        {
            Output.Json(json =>
            {
                json.WriteStartObject();
                json.WriteNumber("batches", reopened);
                json.WriteEndObject();
            });
        }
        else
        {
            Console.WriteLine(reopened == 0 ? "No batch is refused: there is nothing to send again." : $"{reopened} refused batches are sent again.");
        }

        return 0;
    }

    private static async Task<int> ReopenAsync(StateDirectory state, ulong? batch, CancellationToken cancellation)
    {
        using var node = ControlClient.Find(state);
        if (node is not null)
        {
            var query = batch is { } number ? $"?batch={number}" : "";
            using var answer = await node.SendAsync(HttpMethod.Post, "/node/v1/batches/resend" + query, null, cancellation);
            return answer.RootElement.GetProperty("batches").GetInt32();
        }

        if (!File.Exists(state.Ledger))
        {
            throw new CommandException($"There is no ledger in {state.Root}. --state says where to look.");
        }

        using var exclusive = state.TryLock() ?? throw new CommandException($"A node starts or stops on {state.Root} just now. Try again in a moment.");
        using var ledger = Ledger.Open(state.Ledger, TimeProvider.System);
        return await ledger.ReopenRefusedAsync(batch, (ulong)TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds());
    }
}
