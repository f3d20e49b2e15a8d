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

    /// <param name="key">The retry's name.</param>
    /// <param name="digest">What was asked.</param>
    /// <param name="model">Which answered.</param>
    /// <param name="text">The whole answer.</param>
    /// <param name="completed">Its receipt.</param>
    public void Add(Bytes32 key, string? digest, StoredModel model, string text, CompletedAnswer completed)
    {
        lock (_gate)
        {
            _entries.AddLast(new Entry(key, digest, model, text, completed, time.GetTimestamp()));
            _characters += text.Length;
            Trim();
        }
    }

    /// <summary>The answer that was given to this retry's first try; null if there is none any more.</summary>
    /// <exception cref="RefusedException">Something else was asked under the same key.</exception>
    public ReplayedAnswer? Find(Bytes32 key, string? digest)
    {
        lock (_gate)
        {
            Trim();
            if (_entries.FirstOrDefault(e => e.Key == key) is not { } found)
            {
                return null;
            }

            return found.Digest == digest
                ? new ReplayedAnswer(found.Model, found.Text, found.Completed)
                : throw new RefusedException(
                    RefusalReason.AlreadyTaken,
                    $"This idempotency key belongs to request {found.Completed.Receipt.Request}, which asked something else. Use a new key for a new request.");
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

    private sealed record Entry(Bytes32 Key, string? Digest, StoredModel Model, string Text, CompletedAnswer Completed, long At);
}
