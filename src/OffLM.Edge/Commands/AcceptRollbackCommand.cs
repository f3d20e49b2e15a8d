using System.CommandLine;
using System.Globalization;
using OffLM.Edge.Hosting;
using OffLM.Edge.Metering;

namespace OffLM.Edge.Commands;

/// <summary>
/// <c>ledger accept-rollback</c>: goes on after the state directory was restored from an old copy, behind the network's batches, and from where the
/// card's signature counter is.
/// </summary>
internal static class AcceptRollbackCommand
{
    private static readonly Option<bool> Yes = new("--yes") { Description = "Don't ask." };
    private static readonly Option<string?> Reason = new("--reason")
    {
        Description = "Why signatures of the card that the ledger can't explain are all right. Kept in the chain.",
        HelpName = "TEXT",
    };

    public static Command Create()
    {
        var command = new Command("accept-rollback", "Go on after the state directory was restored from an old copy.") { Yes, Reason };
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult result, CancellationToken cancellation)
    {
        var state = GlobalOptions.StateOf(result);
        var reason = result.GetValue(Reason) is { } given && !string.IsNullOrWhiteSpace(given) ? given : null;
        await ExplainAsync(state, reason, result.GetValue(Yes));
        var accepted = await AcceptAsync(state, reason, cancellation);
        if (result.GetValue(GlobalOptions.Json))
        {
            Output.Json(json =>
            {
                json.WriteStartObject();
                json.WriteString("nextBatch", Text(accepted.NextBatch));
                json.WriteString("nextSequence", Text(accepted.NextSequence));
                json.WriteNumber("refusedBatches", accepted.RefusedBatches);
                json.WriteString("refusedReceipts", Text(accepted.RefusedReceipts));
                if (accepted.Gap is { } gap)
                {
                    json.WriteStartObject("gap");
                    json.WriteNumber("expected", gap.Expected);
                    json.WriteNumber("found", gap.Found);
                    json.WriteString("reason", gap.Reason);
                    json.WriteEndObject();
                }

                json.WriteEndObject();
            });
        }
        else
        {
            Console.WriteLine($"Accepted. The next batch is {accepted.NextBatch}, from receipt {accepted.NextSequence} on.");
            if (accepted.Gap is not null)
            {
                Console.WriteLine("The reason is kept, and signed with the next batch.");
            }

            Console.WriteLine($"{accepted.RefusedReceipts} receipts and {accepted.RefusedBatches} batches of this ledger stay readable as refused: the network has others in their place.");
        }

        return 0;
    }

    /// <summary>Says what the evidence is and what will be done, and asks.</summary>
    /// <exception cref="CommandException">There is no evidence, no reason, or no consent.</exception>
    private static async Task ExplainAsync(StateDirectory state, string? reason, bool consented)
    {
        var (evidence, gap) = Find(state);
        if (evidence is null && gap is null)
        {
            throw new CommandException(
                "There is no evidence that this ledger was rolled back: no collector has settled a batch that it lacks, and no card has made signatures that it can't explain. Nothing was changed.");
        }

        if (gap is not null)
        {
            await Console.Error.WriteLineAsync(
                $"The card of {gap.Node} has made {gap.Found} signatures; this ledger explains {gap.Expected}. What the others signed is not known here.");
            if (reason is null)
            {
                throw new CommandException("Nothing was changed. Say with --reason why that is all right; it is kept in the chain.");
            }
        }

        if (evidence is not null)
        {
            await Console.Error.WriteLineAsync(
                $"The collector {evidence.Collector} has settled batch {evidence.Batch} ({evidence.Acknowledgement.BatchHash}), which ends with receipt {evidence.LastSequence}; "
                + "this ledger does not have it.");
            await Console.Error.WriteLineAsync(
                "Accepting makes this ledger go on behind that batch: what it has under numbers that the network has used counts as refused, and can't be settled any more.");
        }

        await Console.Error.WriteLineAsync("If the newer state directory still exists, bring it back instead.");
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

    private static (RollbackEvidence? Evidence, KeyEvent? Gap) Find(StateDirectory state)
    {
        try
        {
            using var ledger = LedgerReader.Open(state.Ledger);
            return (ledger.RollbackEvidence(), ledger.CounterGap());
        }
        catch (Exception e) when (e is LedgerUnavailableException or LedgerVersionException or FormatException)
        {
            throw new CommandException(e.Message, e);
        }
    }

    private static async Task<AcceptedRollback> AcceptAsync(StateDirectory state, string? reason, CancellationToken cancellation)
    {
        using var node = ControlClient.Find(state);
        if (node is not null)
        {
            using var answer = await node.SendAsync(HttpMethod.Post, "/node/v1/accept-rollback" + (reason is null ? "" : "?reason=" + Uri.EscapeDataString(reason)), null, cancellation);
            var accepted = answer.RootElement;
            return new(
                Number(accepted.GetProperty("nextBatch").GetString()),
                Number(accepted.GetProperty("nextSequence").GetString()),
                accepted.GetProperty("refusedBatches").GetInt32(),
                Number(accepted.GetProperty("refusedReceipts").GetString()))
            {
                Gap = accepted.TryGetProperty("gap", out var gap)
                    ? new(KeyEventKind.Accepted, default, gap.GetProperty("expected").GetUInt32(), gap.GetProperty("found").GetUInt32(), 0, gap.GetProperty("reason").GetString()!, 0)
                    : null,
            };
        }

        using var exclusive = state.TryLock() ?? throw new CommandException($"A node starts or stops on {state.Root} just now. Try again in a moment.");
        try
        {
            using var ledger = Ledger.Open(state.Ledger, TimeProvider.System);
            var now = (ulong)TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();
            var behindNetwork = await ledger.AcceptRollbackAsync(now);
            var fromCard = reason is null ? null : await ledger.AcceptGapAsync(reason, now);
            return (behindNetwork is null ? fromCard : behindNetwork with { Gap = fromCard?.Gap })
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
