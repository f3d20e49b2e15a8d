using System.CommandLine;
using OffLM.Edge.Metering;

namespace OffLM.Edge.Commands;

/// <summary><c>ledger check|accept-rollback</c>; the check looks at everything, also while the node runs.</summary>
internal static class LedgerCommand
{
    private static readonly Option<bool> Quick = new("--quick") { Description = "Only what the node checks at its start." };

    public static Command Create()
    {
        var check = new Command("check", "Look for damage: every row, hash, root and signature. Changes nothing; the node mends what can be mended.") { Quick };
        check.SetAction(Check);
        return new Command("ledger", "The record of what was served.") { check, AcceptRollbackCommand.Create() };
    }

    private static int Check(ParseResult result)
    {
        var path = GlobalOptions.StateOf(result).Ledger;
        var asJson = result.GetValue(GlobalOptions.Json);
        LedgerReport report;
        try
        {
            report = result.GetValue(Quick) ? LedgerCheck.Quick(path) : LedgerCheck.Full(path, asJson ? null : new ProgressLine());
        }
        catch (Exception e) when (e is LedgerUnavailableException or LedgerVersionException)
        {
            throw new CommandException(e.Message, e);
        }

        if (asJson)
        {
            Output.Json(json =>
            {
                json.WriteStartObject();
                json.WriteBoolean("ok", report.IsSound);
                json.WriteNumber("receipts", report.Receipts);
                json.WriteNumber("batches", report.Batches);
                json.WriteStartArray("findings");
                foreach (var finding in report.Findings)
                {
                    json.WriteStringValue(finding.ToString());
                }

                json.WriteEndArray();
                json.WriteEndObject();
            });
        }
        else
        {
            foreach (var finding in report.Findings)
            {
                Console.WriteLine(finding);
            }

            Console.WriteLine(report.IsSound
                ? $"The ledger is sound: {report.Receipts} receipts, {report.Batches} batches checked."
                : $"{report.Findings.Count} findings in {report.Receipts} receipts and {report.Batches} batches.");
        }

        return report.IsSound ? 0 : 1;
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
