using System.Diagnostics;
using OffLM.Edge.Bench.Figures;
using OffLM.Edge.Bench.Ledgers;
using OffLM.Edge.Metering;
using OffLM.Edge.Metering.Documents;
using OffLM.Edge.Signing;

namespace OffLM.Edge.Bench.Parts;

/// <summary>How fast an export is verified, measured in bare Keccak over what has to be hashed.</summary>
internal static class VerifyPart
{
    private const double Limit = 0.3;

    /// <summary>A struct is hashed as its type hash and a word for each of its 23 fields.</summary>
    private const int ReceiptBytes = 24 * Bytes32.Size;

    /// <summary>An inner node of a tree is the hash of two; there are as many as leaves, less one.</summary>
    private const int NodeBytes = 2 * Bytes32.Size;

    public static async Task<IReadOnlyList<Figure>> MeasureAsync(Workspace workspace, Effort effort)
    {
        var receipts = effort.Size(65_536, 8_192);
        using var folder = workspace.NewFolder();
        var file = folder.File("export.json");
        await WriteExportAsync(folder, file, receipts);
        var document = await File.ReadAllBytesAsync(file);

        var here = await Alternation.RunAsync(
            effort.Rounds,
            _ => Task.FromResult(receipts / BareSeconds(receipts)),
            async _ =>
            {
                var begun = Stopwatch.GetTimestamp();
                var result = await ExportVerifier.VerifyAsync(new MemoryStream(document), CancellationToken.None);
                var seconds = Stopwatch.GetElapsedTime(begun).TotalSeconds;
                return result.Holds && result.Receipts == receipts ? receipts / seconds : throw new InvalidOperationException("The export does not verify.");
            });
        var published = await Alternation.RunAsync(
            effort.Rounds,
            _ => Task.FromResult(receipts / BareSeconds(receipts)),
            async _ => receipts / await PublishedSecondsAsync(workspace.Program, file));
        var bare = $"baseline: the product's Keccak-256 over {ReceiptBytes} + {NodeBytes} bytes a receipt (its struct, and its share of the tree), nothing else, on one thread of this process";
        return
        [
            Figure.AtLeast(Limit, "verifying / bare Keccak, in this process", here.Ratios, Unit.Percent, $"{receipts} receipts, {document.Length / 1_000_000} MB of JSON in memory, one thread; {bare}"),
            Figure.AtLeast(Limit, "verifying / bare Keccak, published program", published.Ratios, Unit.Percent, $"`offlm-edge receipts verify FILE` on one core, whole run from the start of the process; {bare}"),
            Figure.Plain("receipts verified, in this process", here.Ours, Unit.PerSecond, "as above"),
            Figure.Plain("receipts verified, published program", published.Ours, Unit.PerSecond, "as above"),
            Figure.Plain("bare Keccak", here.Baseline, Unit.PerSecond, "receipts' worth of bytes"),
        ];
    }

    private static async Task WriteExportAsync(TemporaryFolder folder, string file, int receipts)
    {
        using var ledger = Ledger.Open(folder.File("ledger.db"), TimeProvider.System);
        using var key = KeyFile.Create(folder.File("key.json"), "bench");
        await SignedLedger.FillAsync(ledger, key, receipts);
        using var reader = ledger.Read();
        await using var output = File.Create(file);
        await ExportWriter.WriteAsync(reader, output, new ExportOptions(), CancellationToken.None);
    }

    internal static double BareSeconds(int receipts)
    {
        var bytes = new byte[ReceiptBytes];
        var begun = Stopwatch.GetTimestamp();
        for (var i = 0; i < receipts; i++)
        {
            // Each hash goes into the next, so that none can be left out.
            Keccak256.Hash(bytes).AsSpan().CopyTo(bytes);
            Keccak256.Hash(bytes.AsSpan(0, NodeBytes)).AsSpan().CopyTo(bytes);
        }

        return Stopwatch.GetElapsedTime(begun).TotalSeconds;
    }

    private static async Task<double> PublishedSecondsAsync(string program, string file)
    {
        var begun = Stopwatch.GetTimestamp();
        using var process = Process.Start(new ProcessStartInfo("taskset", ["-c", "0", program, "receipts", "verify", file]) { RedirectStandardOutput = true })!;
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        var seconds = Stopwatch.GetElapsedTime(begun).TotalSeconds;
        return process.ExitCode == 0 ? seconds : throw new InvalidOperationException($"The published program says that the export does not verify:\n{output}");
    }
}
