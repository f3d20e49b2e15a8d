using System.CommandLine;
using System.Globalization;
using OffLM.Edge.Hosting;
using OffLM.Edge.Metering;
using OffLM.Edge.Metering.Documents;
using OffLM.Edge.Signing;

namespace OffLM.Edge.Commands;

/// <summary><c>receipts list|show|export|verify|forget|resend</c>.</summary>
internal static class ReceiptsCommand
{
    private static readonly Argument<string> Id = new("id") { Description = "A receipt: its request (0x and 64 digits) or its sequence number." };
    private static readonly Option<int> Limit = new("--limit") { Description = "How many, newest first.", DefaultValueFactory = _ => 20 };
    private static readonly Option<string?> Out = new("--out") { Description = "Where to write. Default standard output.", HelpName = "FILE" };
    private static readonly Option<string?> Request = new("--request") { Description = "Disclose this receipt only; its neighbours appear as hashes.", HelpName = "ID" };
    private static readonly Option<ulong?> FromBatch = new("--from-batch") { Description = "The first batch. Default: all, or all since a rollback that was accepted.", HelpName = "N" };
    private static readonly Option<bool> WithoutOwnUse = new("--without-own-use") { Description = "Show the household's own use as hashes: for others' eyes." };
    private static readonly Argument<string> VerifyFile = new("file") { Description = "An exported document; - for standard input." };

    public static Command Create()
    {
        var list = new Command("list", "List the newest receipts.") { Limit };
        list.SetAction(List);
        var show = new Command("show", "Show one receipt with its proof, as JSON.") { Id };
        show.SetAction(Show);
        var export = new Command("export", "Write signed receipts as a document that anyone can verify.") { Out, Request, FromBatch, WithoutOwnUse };
        export.SetAction(ExportAsync);
        var verify = new Command("verify", "Verify an exported document; needs nothing but the file.") { VerifyFile };
        verify.SetAction(VerifyAsync);
        var forget = new Command("forget", "Delete what opens a receipt's commitments, for good.") { Id };
        forget.SetAction(ForgetAsync);
        return new Command("receipts", "What was served, and proof of it.") { list, show, export, verify, forget, ResendCommand.Create() };
    }

    private static int List(ParseResult result)
    {
        using var ledger = Open(result);
        var receipts = new List<StoredReceipt>();
        var limit = Math.Max(1, result.GetValue(Limit));
        while (receipts.Count < limit && ledger.Latest(receipts.LastOrDefault()?.Sequence, limit - receipts.Count) is { Count: > 0 } page)
        {
            receipts.AddRange(page);
        }

        if (result.GetValue(GlobalOptions.Json))
        {
            Output.Json(json =>
            {
                json.WriteStartArray();
                foreach (var receipt in receipts.Where(r => r.Damage is null))
                {
                    ReceiptDocument.Write(json, ledger, receipt, withSalts: false);
                }

                json.WriteEndArray();
            });
            return 0;
        }

        Output.Table([
            ["SEQUENCE", "STARTED", "OUTCOME", "PROMPT", "COMPLETION", "FEE", "STATE", "REQUEST"],
            .. receipts.Select(r => Row(r, ledger)),
        ]);
        return 0;
    }

    private static string[] Row(StoredReceipt stored, LedgerReader ledger)
    {
        var state = stored.Damage is { } damage ? $"damaged: {damage}" : StateOf(ledger, stored.Sequence);
        var sequence = stored.Sequence.ToString(CultureInfo.InvariantCulture);
        return stored.Receipt is not { } r
            ? [sequence, "", "", "", "", "", state, stored.Request.ToString()]
            : [
                sequence, DateTimeOffset.FromUnixTimeMilliseconds((long)r.StartedAt).ToString("u", CultureInfo.InvariantCulture), r.Outcome.ToString().ToLowerInvariant(),
                $"{r.PromptTokens}", $"{r.CompletionTokens}", Output.Offlm(r.Fee), state, r.Request.ToString(),
            ];
    }

    private static string StateOf(LedgerReader ledger, ulong sequence)
    {
        try
        {
            var refusal = ledger.BatchOf(sequence) is { State: BatchState.Refused } batch ? $": {batch.Reason}" : "";
            return (ledger.StateOf(sequence)?.ToString().ToLowerInvariant() ?? "open") + refusal;
        }
        catch (FormatException)
        {
            return "in a damaged batch";
        }
    }

    private static int Show(ParseResult result)
    {
        using var ledger = Open(result);
        var stored = Find(ledger, result.GetRequiredValue(Id));
        try
        {
            Output.Json(json => ReceiptDocument.Write(json, ledger, stored, withSalts: true));
            return 0;
        }
        catch (FormatException e)
        {
            throw new CommandException(e.Message, e);
        }
    }

    private static async Task<int> ExportAsync(ParseResult result, CancellationToken cancellation)
    {
        using var ledger = Open(result);
        var options = new ExportOptions
        {
            Disclosure = result.GetValue(WithoutOwnUse) ? Disclosure.WithoutOwnUse : Disclosure.Complete,
            Request = result.GetValue(Request) is { } id ? Find(ledger, id).Request : null,
            FromBatch = result.GetValue(FromBatch),
        };
        try
        {
            ExportSummary summary;
            if (result.GetValue(Out) is { } path)
            {
                var partial = path + ".partial";
                await using (var file = File.Create(partial))
                {
                    summary = await ExportWriter.WriteAsync(ledger, file, options, cancellation);
                }

                File.Move(partial, path, overwrite: true);
            }
            else
            {
                await using var output = Console.OpenStandardOutput();
                summary = await ExportWriter.WriteAsync(ledger, output, options, cancellation);
            }

            await Console.Error.WriteLineAsync($"{summary.Receipts} receipts and {summary.Hidden} hashes in {summary.Batches} batches.");
            if (options is { Request: null, FromBatch: null } && summary.FirstBatch > 1)
            {
                await Console.Error.WriteLineAsync(
                    $"They begin with batch {summary.FirstBatch}: before it a rollback was accepted, and a document holds one unbroken chain. --from-batch 1 exports the one before.");
            }

            foreach (var sequence in summary.Damaged)
            {
                await Console.Error.WriteLineAsync($"Receipt {sequence} is damaged; the document will not verify there. Run ledger check.");
            }

            return summary.Damaged.Count == 0 && summary.MissingTariffs.Count == 0 ? 0 : 1;
        }
        catch (Exception e) when (e is ExportException or IOException or UnauthorizedAccessException or FormatException)
        {
            throw new CommandException(e.Message, e);
        }
    }

    private static Task<int> VerifyAsync(ParseResult result, CancellationToken cancellation) =>
        ExportVerification.RunAsync(result.GetRequiredValue(VerifyFile), result.GetValue(GlobalOptions.Json), cancellation);

    private static async Task<int> ForgetAsync(ParseResult result, CancellationToken cancellation)
    {
        var state = GlobalOptions.StateOf(result);
        Bytes32 request;
        using (var ledger = Open(result))
        {
            request = Find(ledger, result.GetRequiredValue(Id)).Request;
        }

        bool forgotten;
        using var node = ControlClient.Find(state);
        if (node is not null)
        {
            using var answer = await node.SendAsync(HttpMethod.Delete, $"/node/v1/receipts/{request}/salts", null, cancellation);
            forgotten = answer.RootElement.GetProperty("forgotten").GetBoolean();
        }
        else
        {
            using var exclusive = state.TryLock() ?? throw new CommandException($"A node starts or stops on {state.Root} just now. Try again in a moment.");
            using var ledger = Ledger.Open(state.Ledger, TimeProvider.System);
            forgotten = await ledger.ForgetAsync(request);
        }

        if (!forgotten)
        {
            throw new CommandException($"The salts of receipt {request} were forgotten before.");
        }

        Output.Done(result.GetValue(GlobalOptions.Json), $"The salts of receipt {request} are gone; its commitments can't be opened any more.", ("request", request.ToString()), "forgotten");
        return 0;
    }

    private static StoredReceipt Find(LedgerReader ledger, string id)
    {
        var found = Bytes32.TryParse(id, out var request) ? ledger.Find(request)
            : ulong.TryParse(id, NumberStyles.None, CultureInfo.InvariantCulture, out var sequence) ? ledger.Find(sequence)
            : throw new CommandException($"'{id}' names no receipt: expected 0x and 64 hexadecimal digits, or a sequence number.");
        return found ?? throw new CommandException($"There is no receipt {id}. 'offlm-edge receipts list' shows the newest.");
    }

    private static LedgerReader Open(ParseResult result)
    {
        try
        {
            return LedgerReader.Open(GlobalOptions.StateOf(result).Ledger);
        }
        catch (Exception e) when (e is LedgerUnavailableException or LedgerVersionException)
        {
            throw new CommandException(e.Message, e);
        }
    }
}
