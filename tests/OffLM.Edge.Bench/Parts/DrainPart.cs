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
        var (ofNode, ofCollector, busy) = (new List<double>(), new List<double>(), new List<double>());
        var bytes = await CountBytesAsync(workspace, receipts);
        var drains = await Alternation.RunAsync(
            effort.Rounds,
            _ => PublishAsync(workspace, batches, (int)(bytes / batches)),
            async round =>
            {
                var drained = await DrainAsync(workspace, receipts);
                if (round >= 0)
                {
                    ofNode.Add(drained.NodeSeconds / batches);
                    ofCollector.Add(drained.CollectorSeconds / batches);
                    busy.Add(drained.CollectorSeconds / drained.Seconds);
                }

                return batches / drained.Seconds;
            });
        var how = $"{receipts} receipts of paying guests in {batches} batches of about {bytes / batches} bytes; the collector has a processor, node and broker share the other";
        return
        [
            Figure.AtLeast(0.8, "the collector's share of its processor", busy, Unit.Percent, $"it is what limits the rate: more processors or more collectors settle faster; {how}"),
            Figure.Plain("batches settled", drains.Ours, Unit.PerSecond, "from the first batch taken by the broker to the last verdict durable at the node; each verified, stored and answered"),
            Figure.Plain("receipts settled", drains.Ours.Select(perSecond => perSecond * receipts / batches), Unit.PerSecond, "likewise"),
            Figure.Plain("the collector's processor time, a batch", ofCollector, Unit.FineMilliseconds, "verified, stored, answered"),
            Figure.Plain("the node's processor time, a batch", ofNode, Unit.FineMilliseconds, "read and checked row by row, encoded, sent, its verdict verified and committed"),
            Figure.Plain("batches settled / published by mosquitto_pub", drains.Ratios, Unit.Percent, "`mosquitto_pub -l -q 1`, as many messages of that size, which nobody reads or checks"),
            Figure.Plain("messages by mosquitto_pub", drains.Baseline, Unit.PerSecond, "likewise"),
            Figure.AtMost(200, "bytes a receipt on the wire", [(double)bytes / receipts], Unit.Bytes, "all bytes from node to broker over one connection, with MQTT's own and those of acknowledgements; all receipts in full, none as a leaf"),
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

    /// <summary>Settles a copy of a ledger through a proxy that counts.</summary>
    /// <returns>Bytes from the node.</returns>
    private static async Task<long> CountBytesAsync(Workspace workspace, int receipts)
    {
        await using var backlog = await BackloggedNode.StartAsync(workspace, receipts, isOnline: false);
        backlog.Way.Listen();
        await SettledAsync(backlog);
        return backlog.Way.BytesToServer;
    }

    /// <summary>Settles a copy of a ledger.</summary>
    private static async Task<Drained> DrainAsync(Workspace workspace, int receipts)
    {
        await using var backlog = await BackloggedNode.StartAsync(workspace, receipts, isOnline: true, processor: "1", collectorProcessor: "0");
        await UntilAsync(() => backlog.Ledger.Batches(1, 1) is [{ State: not BatchState.Signed }]);
        var (begun, node, collector) = (Stopwatch.GetTimestamp(), ProcessorSeconds(backlog.Node.ProcessId), ProcessorSeconds(backlog.CollectorProcessId));
        await SettledAsync(backlog);
        return new(
            Stopwatch.GetElapsedTime(begun).TotalSeconds,
            ProcessorSeconds(backlog.Node.ProcessId) - node, ProcessorSeconds(backlog.CollectorProcessId) - collector);
    }

    private static async Task SettledAsync(BackloggedNode backlog)
    {
        await UntilAsync(() => backlog.Ledger.Outbox().Unsettled == 0);
        if (backlog.Ledger.Outbox().Refused > 0)
        {
            throw new InvalidOperationException($"{backlog.Ledger.Outbox().Refused} batches were refused: {backlog.Ledger.LatestRefused(1)[0].Reason}");
        }
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
    /// <param name="NodeSeconds">Processor time.</param>
    /// <param name="CollectorSeconds">Likewise.</param>
    private readonly record struct Drained(double Seconds, double NodeSeconds, double CollectorSeconds);
}
