using Microsoft.Extensions.Logging;

namespace OffLM.Edge.Network.Verdicts;

/// <summary>Counts the verdicts that were not taken, and logs the first of each kind, then one an hour: whoever can publish can send as many as they like.</summary>
internal sealed partial class Rejections(TimeProvider time, ILogger<Rejections> logger)
{
    private static readonly TimeSpan LogInterval = TimeSpan.FromHours(1);

    private readonly Lock _gate = new();
    private readonly Dictionary<RejectionKind, (long Count, long LoggedAt)> _kinds = [];
    private string? _last;

    /// <summary>The last of them in a sentence; null before the first.</summary>
    public string? Last
    {
        get
        {
            lock (_gate)
            {
                return _last;
            }
        }
    }

    /// <summary>How many there were, by kind in camel case.</summary>
    public IReadOnlyDictionary<string, long> Counts()
    {
        lock (_gate)
        {
            return _kinds.OrderBy(k => k.Key).ToDictionary(k => Name(k.Key), k => k.Value.Count);
        }
    }

    /// <param name="kind">What was wrong.</param>
    /// <param name="sentence">The same for people, with the particulars.</param>
    public void Add(RejectionKind kind, string sentence)
    {
        long count;
        lock (_gate)
        {
            _last = sentence;
            var known = _kinds.TryGetValue(kind, out var state);
            count = state.Count + 1;
            if (known && time.GetElapsedTime(state.LoggedAt) < LogInterval)
            {
                _kinds[kind] = (count, state.LoggedAt);
                return;
            }

            _kinds[kind] = (count, time.GetTimestamp());
        }

        LogRejected(sentence, count);
    }

    private static string Name(RejectionKind kind) => kind.ToString() is var name ? char.ToLowerInvariant(name[0]) + name[1..] : "";

    [LoggerMessage(LogLevel.Warning, "{Sentence} ({Count} of this kind since the start; the next are logged once an hour)")]
    private partial void LogRejected(string sentence, long count);
}
