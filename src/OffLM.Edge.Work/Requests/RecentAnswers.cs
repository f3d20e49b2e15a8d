using OffLM.Edge.Inference;
using OffLM.Edge.Signing;

namespace OffLM.Edge.Work.Requests;

/// <summary>
/// The last answers that came with an idempotency key, in memory only, so that a client that lost the connection gets the same answer
/// and the same receipt again instead of a second charge.
/// </summary>
internal sealed class RecentAnswers(TimeProvider time)
{
    /// <summary>Long enough for a client's retries; text is kept no longer than that.</summary>
    private static readonly TimeSpan Age = TimeSpan.FromMinutes(10);

    /// <summary>Bounds the memory: about 4 MB of text.</summary>
    private const int MaxCharacters = 2 << 20;

    private readonly Lock _gate = new();
    private readonly LinkedList<Entry> _entries = new();
    private int _characters;

    public void Add(Bytes32 key, StoredModel model, string text, CompletedAnswer completed)
    {
        lock (_gate)
        {
            _entries.AddLast(new Entry(key, model, text, completed, time.GetTimestamp()));
            _characters += text.Length;
            Trim();
        }
    }

    public IAnswer? Find(Bytes32 key)
    {
        lock (_gate)
        {
            Trim();
            return _entries.FirstOrDefault(e => e.Key == key) is { } found ? new ReplayedAnswer(found.Model, found.Text, found.Completed) : null;
        }
    }

    private void Trim()
    {
        while (_entries.First is { } oldest && (_characters > MaxCharacters || time.GetElapsedTime(oldest.Value.At) > Age))
        {
            _characters -= oldest.Value.Text.Length;
            _entries.RemoveFirst();
        }
    }

    private sealed record Entry(Bytes32 Key, StoredModel Model, string Text, CompletedAnswer Completed, long At);
}
