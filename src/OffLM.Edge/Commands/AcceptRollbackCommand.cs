using System.CommandLine;
using System.Globalization;
using OffLM.Edge.Hosting;
using OffLM.Edge.Metering;

namespace OffLM.Edge.Commands;

/// <summary><c>ledger accept-rollback</c>: goes on behind the network's batches after the state directory was restored from an old copy.</summary>
internal static class AcceptRollbackCommand
{
    private static readonly Option<bool> Yes = new("--yes") { Description = "Don't ask." };

    public static Command Create()
    {
        var command = new Command("accept-rollback", "Go on behind the network's batches, after the state directory was restored from an old copy.") { Yes };
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult result, CancellationToken cancellation)
    {
        var state = GlobalOptions.StateOf(result);
        await ExplainAsync(state, result.GetValue(Yes));
        var accepted = await AcceptAsync(state, cancellation);
        if (result.GetValue(GlobalOptions.Json))
        {
            Output.Json(json =>
            {
                json.WriteStartObject();
                json.WriteString("nextBatch", Text(accepted.NextBatch));
                json.WriteString("nextSequence", Text(accepted.NextSequence));
                json.WriteNumber("refusedBatches", accepted.RefusedBatches);
                json.WriteString("refusedReceipts", Text(accepted.RefusedReceipts));
                json.WriteEndObject();
            });
        }
        else
        {
            Console.WriteLine($"Accepted. The next batch is {accepted.NextBatch}, from receipt {accepted.NextSequence} on.");
            Console.WriteLine($"{accepted.RefusedReceipts} receipts and {accepted.RefusedBatches} batches of this ledger stay readable as refused: the network has others in their place.");
        }

        return 0;
    }

    /// <summary>Says what the evidence is and what will be done, and asks.</summary>
    /// <exception cref="CommandException">There is no evidence, or no consent.</exception>
    private static async Task ExplainAsync(StateDirectory state, bool consented)
    {
        var evidence = Find(state) ?? throw new CommandException(
            "There is no evidence that this ledger was rolled back: no collector has settled a batch that it lacks. Nothing was changed.");
        await Console.Error.WriteLineAsync(
            $"The collector {evidence.Collector} has settled batch {evidence.Batch} ({evidence.Acknowledgement.BatchHash}), which ends with receipt {evidence.LastSequence}; "
            + "this ledger does not have it.");
        await Console.Error.WriteLineAsync(
            "If the newer state directory still exists, bring it back instead. Accepting makes this ledger go on behind that batch: what it has under "
            + "numbers that the network has used counts as refused, and can't be settled any more.");
        if (consented)
        {
            return;
        }

        if (Console.IsInputRedirected)
        {
            throw new CommandException("Nothing was changed. Say --yes to accept.");
        }

        await Console.Error.WriteAsync("Accept? Type yes: ");
        if (Console.ReadLine() is not "yes")
        {
            throw new CommandException("Nothing was changed.");
        }
    }

    private static RollbackEvidence? Find(StateDirectory state)
    {
        try
        {
            using var ledger = LedgerReader.Open(state.Ledger);
            return ledger.RollbackEvidence();
        }
        catch (Exception e) when (e is LedgerUnavailableException or LedgerVersionException or FormatException)
        {
            throw new CommandException(e.Message, e);
        }
    }

    private static async Task<AcceptedRollback> AcceptAsync(StateDirectory state, CancellationToken cancellation)
    {
        using var node = ControlClient.Find(state);
        if (node is not null)
        {
            using var answer = await node.SendAsync(HttpMethod.Post, "/node/v1/accept-rollback", null, cancellation);
            var accepted = answer.RootElement;
            return new(
                Number(accepted.GetProperty("nextBatch").GetString()),
                Number(accepted.GetProperty("nextSequence").GetString()),
                accepted.GetProperty("refusedBatches").GetInt32(),
                Number(accepted.GetProperty("refusedReceipts").GetString()));
        }

        using var exclusive = state.TryLock() ?? throw new CommandException($"A node starts or stops on {state.Root} just now. Try again in a moment.");
        try
        {
            using var ledger = Ledger.Open(state.Ledger, TimeProvider.System);
            return await ledger.AcceptRollbackAsync((ulong)TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds())
                ?? throw new CommandException("The rollback was accepted just now by another command.");
        }
        catch (Exception e) when (e is LedgerUnavailableException or LedgerFullException or LedgerVersionException or FormatException)
        {
            throw new CommandException(e.Message, e);
        }
    }

    private static string Text(ulong number) => number.ToString(CultureInfo.InvariantCulture);

    private static ulong Number(string? text) => ulong.Parse(text!, CultureInfo.InvariantCulture);
}
