using OffLM.Edge.Work.Callers;
using OffLM.Edge.Work.Requests;

namespace OffLM.Edge.Network.Presence;

/// <summary>Adds up what was served between two telemetry messages. Own use is not in it unless the settings disclose it.</summary>
/// <param name="ownUse">What leaves of own use.</param>
internal sealed class TelemetryTotals(OwnUse ownUse)
{
    private readonly Lock _gate = new();
    private Sums _sums;

    /// <summary>Counts an answer.</summary>
    public void Add(CompletedAnswer completed)
    {
        var receipt = completed.Receipt;
        if (ownUse == OwnUse.Full || !receipt.IsOwnUse)
        {
            lock (_gate)
            {
                _sums = _sums with
                {
                    Requests = _sums.Requests + 1,
                    PromptTokens = _sums.PromptTokens + receipt.PromptTokens,
                    CompletionTokens = _sums.CompletionTokens + receipt.CompletionTokens,
                };
            }
        }
    }

    /// <summary>Counts a request that was not taken.</summary>
    public void AddRefused(Caller caller)
    {
        if (ownUse == OwnUse.Full || !caller.IsHousehold)
        {
            lock (_gate)
            {
                _sums = _sums with { Refused = _sums.Refused + 1 };
            }
        }
    }

    /// <summary>The sums so far; the next begin at nothing.</summary>
    public Sums Take()
    {
        lock (_gate)
        {
            var sums = _sums;
            _sums = default;
            return sums;
        }
    }

    /// <summary>What was served.</summary>
    internal readonly record struct Sums(ulong Requests, ulong PromptTokens, ulong CompletionTokens, ulong Refused);
}
