using System.Globalization;
using OffLM.Edge.Metering.Documents;

namespace OffLM.Edge;

/// <summary>The commands that verify an exported document. One file, compiled into each program.</summary>
internal static class ExportVerification
{
    /// <summary>Verifies a document and says what doesn't hold.</summary>
    /// <param name="path">A file; - for standard input.</param>
    /// <param name="json">Whether to answer in JSON.</param>
    /// <param name="cancellation">Stops reading.</param>
    /// <returns>The exit status.</returns>
    /// <exception cref="CommandException">The file can't be read.</exception>
    public static async Task<int> RunAsync(string path, bool json, CancellationToken cancellation)
    {
        VerificationResult verified;
        try
        {
            await using var file = path == "-" ? Console.OpenStandardInput() : File.OpenRead(path);
            verified = await ExportVerifier.VerifyAsync(file, cancellation);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CommandException($"{path} can't be read: {e.Message}", e);
        }

        if (json)
        {
            Output.Json(writer =>
            {
                writer.WriteStartObject();
                writer.WriteBoolean("ok", verified.Holds);
                writer.WriteNumber("batches", verified.Batches);
                writer.WriteNumber("receipts", verified.Receipts);
                writer.WriteNumber("hidden", verified.Hidden);
                writer.WriteString("fees", verified.Fees.ToString(CultureInfo.InvariantCulture));
                writer.WriteStartArray("nodes");
                foreach (var node in verified.Nodes)
                {
                    writer.WriteStringValue(node.ToString());
                }

                writer.WriteEndArray();
                writer.WriteStartArray("failures");
                foreach (var failure in verified.Failures)
                {
                    writer.WriteStartObject();
                    writer.WriteString("kind", failure.Kind.ToString());
                    writer.WriteString("message", Sentence(failure));
                    writer.WriteEndObject();
                }

                writer.WriteEndArray();
                writer.WriteEndObject();
            });
        }
        else
        {
            foreach (var failure in verified.Failures)
            {
                Console.WriteLine(Sentence(failure));
            }

            var network = verified.Domain is { IsTestNetwork: true } ? " (test network)" : "";
            Console.WriteLine(verified.Holds
                ? $"Everything holds: {Output.Count(verified.Receipts, "receipt")} and {Output.Count(verified.Hidden, "hash")} in {Output.Count(verified.Batches, "batch")} by {string.Join(", ", verified.Nodes)}{network}."
                : $"{Output.Count(verified.FailureCount, "failure")}.");
        }

        return verified.Holds ? 0 : 1;
    }

    private static string Sentence(VerificationFailure failure) =>
        (failure.Batch is { } batch ? $"batch {batch}" : "document") + (failure.Sequence is { } sequence ? $", receipt {sequence}: " : ": ") + failure.Message;
}
