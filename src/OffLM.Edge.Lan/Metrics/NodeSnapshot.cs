using System.Diagnostics;
using OffLM.Edge.Inference;
using OffLM.Edge.Work;
using OffLM.Edge.Work.Status;

namespace OffLM.Edge.Lan.Metrics;

/// <summary>What is not counted but looked up at the moment of the question.</summary>
internal static class NodeSnapshot
{
    public static void Write(PrometheusText text, Node node)
    {
        var status = node.Status();
        WriteModels(text, status.LoadedModels, node.Models.Waiting);
        WriteLedger(text, status);
        SyncSnapshot.Write(text, status);
        if (node.BoardStatus() is { } board)
        {
            BoardSnapshot.Write(text, board);
        }

        text.Family("key_available", "gauge", "1 while the signing key can sign.").Sample(status.Address is not null && node.Key.Problem is null ? 1 : 0);
        text.Family("problems", "gauge", "What needs a person; /node/v1/status has the sentences.").Sample(status.Problems.Count);
        text.Family("serving", "gauge", "1 while requests are taken.").Sample(node.IsServing ? 1 : 0);
        text.Family("build_info", "gauge", "Always 1; the version is in the label.").Sample(1, ("version", status.Version));
        WriteProcess(text);
    }

    private static void WriteModels(PrometheusText text, IReadOnlyList<LoadedModel> models, int waiting)
    {
        text.Family("num_requests_running", "gauge", "Requests that are being computed.").Sample(models.Sum(m => m.Statistics.Active));
        text.Family("num_requests_waiting", "gauge", "Requests that wait for a place, or for their model to be loaded.").Sample(waiting + models.Sum(m => m.Statistics.Waiting));
        text.Family("models_loaded", "gauge", "Models in memory.").Sample(models.Count);
        text.Family("adapters_loaded", "gauge", "Adapters in memory, beside all models.").Sample(models.Sum(m => m.Adapters));
        Each("scheduler_steps_total", "Decode steps since the model was loaded, one token each.", s => s.Steps);
        Each("scheduler_engine_seconds_total", "Time inside the inference engine since the model was loaded.", s => s.InEngine.TotalSeconds);
        Each("scheduler_service_seconds_total", "Time between two steps that the service itself took since the model was loaded, pacing not counted.", s => s.InService.TotalSeconds);

        void Each(string name, string help, Func<SchedulerStatistics, double> value)
        {
            text.Family(name, "counter", help);
            foreach (var model in models)
            {
                text.Sample(value(model.Statistics), ("model", model.Model.Name));
            }
        }
    }

    private static void WriteLedger(PrometheusText text, NodeStatus status)
    {
        text.Family("ledger_receipts", "gauge", "Receipts ever written.").Sample(status.Ledger.Receipts);
        text.Family("ledger_open_receipts", "gauge", "Receipts that no batch has signed yet.").Sample(status.Ledger.Open);
        text.Family("ledger_batches", "gauge", "Batches ever signed.").Sample(status.Ledger.Batches);
        text.Family("ledger_rolled_back", "gauge", "1 while the network or the card knows of batches that the ledger lacks: nothing is signed.").Sample(status.IsRolledBack ? 1 : 0);
        text.Family("ledger_holds", "gauge", "Requests that have a hold and no receipt yet.").Sample(status.Ledger.Holds);
    }

    private static void WriteProcess(PrometheusText text)
    {
        using var process = Process.GetCurrentProcess();
        var start = (process.StartTime.ToUniversalTime() - DateTime.UnixEpoch).TotalSeconds;
        text.Family("process_start_time_seconds", "gauge", "When the program started, seconds since 1970.").Sample(Math.Round(start, 2));
        text.Family("process_resident_memory_bytes", "gauge", "Memory that the program holds in RAM.").Sample(process.WorkingSet64);
        text.Family("process_cpu_seconds_total", "counter", "Processor time that the program used.").Sample(process.TotalProcessorTime.TotalSeconds);
    }
}
