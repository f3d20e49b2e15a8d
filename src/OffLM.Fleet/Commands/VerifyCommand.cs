using System.CommandLine;
using OffLM.Fleet.Reports;

namespace OffLM.Fleet.Commands;

/// <summary><c>verify</c>: the database by its evidence, or an exported document by itself.</summary>
internal static class VerifyCommand
{
    private static readonly Argument<string?> FileArgument = new("file")
    {
        Description = "A document of 'offlm-edge receipts export'; - for standard input. Default: the collector's database.",
        Arity = ArgumentArity.ZeroOrOne,
    };

    public static Command Create()
    {
        var command = new Command("verify", "Check every stored batch, total and settlement once more by its evidence, or verify an exported document.") { FileArgument };
        command.SetAction(RunAsync);
        return command;
    }

    private static Task<int> RunAsync(ParseResult result, CancellationToken cancellation)
    {
        var json = result.GetValue(FleetOptions.Json);
        if (result.GetValue(FileArgument) is { } file)
        {
            return ExportVerification.RunAsync(file, json, cancellation);
        }

        using var database = FleetOptions.OpenReadOnly(result);
        return Task.FromResult(Write(StoreVerifier.Verify(database, cancellation), json));
    }

    private static int Write(StoreVerification verified, bool json)
    {
        if (json)
        {
            WriteJson(verified);
        }
        else
        {
            foreach (var finding in verified.Findings)
            {
                Console.WriteLine(finding);
            }

            Console.WriteLine(verified.Holds
                ? $"Everything holds: {Output.Count(verified.Receipts, "receipt")} in {Output.Count(verified.Batches, "settled batch")}, {Output.Count(verified.Refused, "refused batch")}, {Output.Count(verified.Settlements, "settlement")}."
                : $"{Output.Count(verified.FindingCount, "failure")}.");
        }

        return verified.Holds ? 0 : 1;
    }

    private static void WriteJson(StoreVerification verified) => Output.Json(json =>
    {
        json.WriteStartObject();
        json.WriteBoolean("ok", verified.Holds);
        json.WriteNumber("batches", verified.Batches);
        json.WriteNumber("receipts", verified.Receipts);
        json.WriteNumber("refused", verified.Refused);
        json.WriteNumber("settlements", verified.Settlements);
        json.WriteStartArray("failures");
        foreach (var finding in verified.Findings)
        {
            json.WriteStartObject();
            json.WriteString("node", finding.Node?.ToString());
            if (finding.Batch is { } batch)
            {
                json.WriteNumber("batch", batch);
            }
            else
            {
                json.WriteNull("batch");
            }

            json.WriteString("message", finding.Message);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    });
}
