using OffLM.Edge.Metering.Receipts;
using OffLM.Edge.Work.Requests;

namespace OffLM.Edge.Lan.Metrics;

/// <summary>What the answers of one model were like, since the program started. Not thread-safe: its owner locks.</summary>
internal sealed class AnswerMetrics
{
    /// <summary>Seconds; from a short prompt on a fast machine to a long queue on a slow one.</summary>
    private static readonly double[] FirstTokenBounds = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 40, 80, 160];

    /// <summary>Seconds; 200 tokens a second to one in two.</summary>
    private static readonly double[] TokenBounds = [0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5, 1, 2];

    private static readonly double[] RequestBounds = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 40, 60, 120, 240, 480];

    private static readonly double AttoPerOfflm = 1e18;

    public Dictionary<(RequestApi Api, Outcome Outcome), long> Requests { get; } = [];

    public long PromptTokens { get; private set; }

    public long CachedTokens { get; private set; }

    public long CompletionTokens { get; private set; }

    /// <summary>In OFFLM. A float, for charts: amounts to the atto are in the receipts.</summary>
    public double Fees { get; private set; }

    /// <summary>Above the idle draw; 0 where nothing measures.</summary>
    public double Joules { get; private set; }

    public Histogram FirstToken { get; } = new(FirstTokenBounds);

    public Histogram PerToken { get; } = new(TokenBounds);

    public Histogram Request { get; } = new(RequestBounds);

    public void Add(CompletedAnswer completed)
    {
        var (receipt, result) = (completed.Receipt, completed.Result);
        var kind = (completed.Api, receipt.Outcome);
        Requests[kind] = Requests.GetValueOrDefault(kind) + 1;
        PromptTokens += receipt.PromptTokens;
        CachedTokens += receipt.CachedTokens;
        CompletionTokens += receipt.CompletionTokens;
        Fees += (double)receipt.Fee / AttoPerOfflm;
        Joules += receipt.EnergyMicrojoules / 1e6;
        Request.Add(completed.Total.TotalSeconds);
        if (result.CompletionTokens > 0)
        {
            FirstToken.Add((result.QueueTime + result.PrefillTime).TotalSeconds);
        }

        if (result.CompletionTokens > 1)
        {
            PerToken.Add(result.DecodeTime.TotalSeconds / (result.CompletionTokens - 1));
        }
    }
}
