using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using OffLM.Edge.Hosting;
using OffLM.Edge.Metering;
using OffLM.Edge.Work.Running;

namespace OffLM.Edge.Commands;

/// <summary><c>ledger check|accept-rollback</c>; the check looks at everything, also while the node runs, and mends with <c>--repair</c>.</summary>
internal static class LedgerCommand
{
    private static readonly Option<bool> Quick = new("--quick") { Description = "Only what the node checks at its start." };
    private static readonly Option<bool> Repair = new("--repair") { Description = "Mend what can be mended, as the node does every night, and check again." };

    public static Command Create()
    {
        var check = new Command("check", "Look for damage: every row, hash, root and signature. Changes nothing without --repair.") { Quick, Repair };
        check.Validators.Add(options =>
        {
            if (options.GetValue(Quick) && options.GetValue(Repair))
            {
                options.AddError("--repair looks at everything: leave --quick out.");
            }
        });
        check.SetAction(CheckAsync);
        return new Command("ledger", "The record of what was served.") { check, AcceptRollbackCommand.Create() };
    }

    private static async Task<int> CheckAsync(ParseResult result, CancellationToken cancellation)
    {
        var state = GlobalOptions.StateOf(result);
        var progress = result.GetValue(GlobalOptions.Json) ? null : new ProgressLine();
        try
        {
            if (result.GetValue(Repair))
            {
                var (done, after) = await RepairAsync(state, progress, cancellation);
                return Write(result, after, done);
            }

            return Write(result, result.GetValue(Quick) ? LedgerCheck.Quick(state.Ledger) : LedgerCheck.Full(state.Ledger, progress), null);
        }
        catch (Exception e) when (e is LedgerUnavailableException or LedgerVersionException or LedgerFullException)
        {
            throw new CommandException(e.Message, e);
        }
    }

    /// <summary>Through the node if one runs, else on its files.</summary>
    private static async Task<(IReadOnlyList<string> Done, LedgerReport After)> RepairAsync(StateDirectory state, ProgressLine? progress, CancellationToken cancellation)
    {
        using var node = ControlClient.Find(state);
        if (node is not null)
        {
            using var answer = await node.SendAsync(HttpMethod.Post, "/node/v1/check", null, cancellation);
            return ([.. answer.RootElement.GetProperty("repairs").EnumerateArray().Select(r => r.GetString()!)], ReportOf(answer.RootElement));
        }

        using var exclusive = state.TryLock() ?? throw new CommandException($"A node starts or stops on {state.Root} just now. Try again in a moment.");
        using (LedgerReader.Open(state.Ledger))
        {
            // Opening it for writing would make one where none is.
        }

        using var ledger = Ledger.Open(state.Ledger, TimeProvider.System);
        var repair = await LedgerRepair.RunAsync(ledger, progress, cancellation);
        return (repair.Done, repair.After);
    }

    private static LedgerReport ReportOf(JsonElement check) => new(
        [.. check.GetProperty("findings").EnumerateArray().Select(f => new LedgerFinding(
            Enum.Parse<LedgerPart>(f.GetProperty("part").GetString()!, ignoreCase: true),
            ulong.Parse(f.GetProperty("number").GetString()!, CultureInfo.InvariantCulture),
            f.GetProperty("key").GetString()!,
            f.GetProperty("problem").GetString()!,
            f.GetProperty("advice").GetString()!,
            Remedy.None))],
        check.GetProperty("receipts").GetUInt64(),
        check.GetProperty("batches").GetUInt64());

    /// <param name="result">Says for whom.</param>
    /// <param name="report">What is wrong.</param>
    /// <param name="done">What was mended; null if only a check was asked for.</param>
    private static int Write(ParseResult result, LedgerReport report, IReadOnlyList<string>? done)
    {
        if (result.GetValue(GlobalOptions.Json))
        {
            Output.Json(json => Write(json, report, done));
            return report.IsSound ? 0 : 1;
        }

        foreach (var repair in done ?? [])
        {
            Console.WriteLine($"Mended: {repair}");
        }

        foreach (var finding in report.Findings)
        {
            Console.WriteLine(finding);
        }

        Console.WriteLine(report.IsSound
            ? $"The ledger is sound: {Output.Count(report.Receipts, "receipt")}, {Output.Count(report.Batches, "batch")} checked."
            : $"{Output.Count(report.Findings.Count, "finding")} in {Output.Count(report.Receipts, "receipt")} and {Output.Count(report.Batches, "batch")}.");
        return report.IsSound ? 0 : 1;
    }

    private static void Write(Utf8JsonWriter json, LedgerReport report, IReadOnlyList<string>? done)
    {
        json.WriteStartObject();
        json.WriteBoolean("ok", report.IsSound);
        json.WriteNumber("receipts", report.Receipts);
        json.WriteNumber("batches", report.Batches);
        WriteTexts(json, "findings", report.Findings.Select(f => f.ToString()));
        if (done is not null)
        {
            WriteTexts(json, "repairs", done);
        }

        json.WriteEndObject();
    }

    private static void WriteTexts(Utf8JsonWriter json, string name, IEnumerable<string> texts)
    {
        json.WriteStartArray(name);
        foreach (var text in texts)
        {
            json.WriteStringValue(text);
        }

        json.WriteEndArray();
    }

    private sealed class ProgressLine : IProgress<LedgerCheckProgress>
    {
        private ulong _nextAt = 10_000;

        public void Report(LedgerCheckProgress value)
        {
            if (value.Receipts >= _nextAt)
            {
                _nextAt = value.Receipts + 10_000;
                Console.Error.WriteLine($"{value.Receipts} of {value.Total} receipts");
            }
        }
    }
}
