using System.Diagnostics;
using System.Globalization;
using OffLM.Edge.Bench.Figures;
using OffLM.Edge.Bench.Nodes;
using OffLM.Edge.Metering;
using OffLM.Edge.Metering.Batches;
using OffLM.Shared.Mqtt;

namespace OffLM.Edge.Bench.Parts;

/// <summary>
/// How fast a node that was offline for a month is settled: a real broker, the published node and the published collector, all on this
/// machine. The baseline is mosquitto's own client, which publishes as many messages of the same size and checks nothing.
/// </summary>
internal static class DrainPart
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(20);

    public static async Task<IReadOnlyList<Figure>> MeasureAsync(Workspace workspace, Effort effort)
    {
        var receipts = effort.Size(100_000, 10_000);
        var batches = (receipts + ReceiptBatch.MaxReceipts - 1) / ReceiptBatch.MaxReceipts;
        var (wire, ofNode, ofCollector) = (new List<double>(), new List<double>(), new List<double>());
        var messageBytes = 0;
        var drains = await Alternation.RunAsync(
            effort.Rounds,
            // The round that doesn't count knows no size yet; nothing of it is kept.
            _ => PublishAsync(workspace, batches, Math.Max(messageBytes, 1)),
            async round =>
            {
                var drained = await DrainAsync(workspace, receipts);
                messageBytes = (int)(drained.Bytes / batches);
                if (round >= 0)
                {
                    wire.Add((double)drained.Bytes / receipts);
                    ofNode.Add(drained.NodeSeconds / batches);
                    ofCollector.Add(drained.CollectorSeconds / batches);
                }

                return batches / drained.Seconds;
            });
        var how = $"{receipts} receipts of paying guests in {batches} batches of about {messageBytes} bytes; broker, node and collector share this machine";
        return
        [
            Figure.AtLeast(0.8, "batches settled / published by mosquitto_pub", drains.Ratios, Unit.Percent, $"{how}; baseline: `mosquitto_pub -l -q 1`, as many messages of that size, nobody listening"),
            Figure.Plain("batches settled", drains.Ours, Unit.PerSecond, "from the first batch taken by the broker to the last verdict durable at the node; each verified, stored and answered"),
            Figure.Plain("receipts settled", drains.Ours.Select(perSecond => perSecond * receipts / batches), Unit.PerSecond, "likewise"),
            Figure.Plain("the node's processor time, a batch", ofNode, Unit.FineMilliseconds, "read and checked row by row, encoded, sent, its verdict verified and committed"),
            Figure.Plain("the collector's processor time, a batch", ofCollector, Unit.FineMilliseconds, "verified, stored, answered"),
            Figure.Plain("messages by mosquitto_pub", drains.Baseline, Unit.PerSecond, "the baseline"),
            Figure.AtMost(200, "bytes a receipt on the wire", wire, Unit.Bytes, "all bytes from node to broker over one connection, with MQTT's own and those of acknowledgements"),
        ];
    }

    /// <summary>Messages a second that mosquitto's client gets acknowledged.</summary>
    private static async Task<double> PublishAsync(Workspace workspace, int messages, int bytes)
    {
        await using var broker = await MosquittoBroker.StartAsync();
        using var folder = workspace.NewFolder();
        var lines = folder.File("lines");
        await File.WriteAllLinesAsync(lines, Enumerable.Repeat(new string('m', bytes), messages));
        var begun = Stopwatch.GetTimestamp();
        using var process = Process.Start(new ProcessStartInfo("mosquitto_pub", ["-V", "5", "-h", "127.0.0.1", "-p", broker.Port.ToString(CultureInfo.InvariantCulture), "-q", "1", "-t", "bench", "-l"])
        {
            RedirectStandardInput = true,
        })!;
        await using (var input = File.OpenRead(lines))
        {
            await input.CopyToAsync(process.StandardInput.BaseStream);
        }

        process.StandardInput.Close();
        await process.WaitForExitAsync();
        return process.ExitCode == 0 ? messages / Stopwatch.GetElapsedTime(begun).TotalSeconds : throw new InvalidOperationException($"mosquitto_pub ended with {process.ExitCode}.");
    }

    /// <summary>Settles a copy of a ledger.</summary>
    private static async Task<Drained> DrainAsync(Workspace workspace, int receipts)
    {
        await using var backlog = await BackloggedNode.StartAsync(workspace, receipts);
        backlog.Way.Listen();
        await UntilAsync(() => backlog.Ledger.Batches(1, 1) is [{ State: not BatchState.Signed }]);
        var (begun, node, collector) = (Stopwatch.GetTimestamp(), ProcessorSeconds(backlog.Node.ProcessId), ProcessorSeconds(backlog.CollectorProcessId));
        await UntilAsync(() => backlog.Ledger.Outbox().Unsettled == 0);
        return backlog.Ledger.Outbox().Refused == 0
            ? new(
                Stopwatch.GetElapsedTime(begun).TotalSeconds, backlog.Way.BytesToServer,
                ProcessorSeconds(backlog.Node.ProcessId) - node, ProcessorSeconds(backlog.CollectorProcessId) - collector)
            : throw new InvalidOperationException($"{backlog.Ledger.Outbox().Refused} batches were refused: {backlog.Ledger.LatestRefused(1)[0].Reason}");
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        while (!condition())
        {
            await Task.Delay(Look);
        }
    }

    private static double ProcessorSeconds(int process)
    {
        using var running = Process.GetProcessById(process);
        return running.TotalProcessorTime.TotalSeconds;
    }

    /// <summary>A backlog that is settled.</summary>
    /// <param name="Seconds">From the first batch out to the last verdict.</param>
    /// <param name="Bytes">From node to broker.</param>
    /// <param name="NodeSeconds">Processor time.</param>
    /// <param name="CollectorSeconds">Likewise.</param>
    private readonly record struct Drained(double Seconds, long Bytes, double NodeSeconds, double CollectorSeconds);
}
