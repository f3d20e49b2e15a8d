namespace OffLM.Edge.Network.Receipts;

/// <summary>The batches that can't be sent as they are, for people. They are looked at again whenever the outbox changes, so forgetting one costs nothing.</summary>
internal sealed class UnsendableBatches
{
    /// <summary>Remembered; who has as many needs a copy of the ledger, not a longer list.</summary>
    private const int MaxRemembered = 1000;

    /// <summary>Named one by one.</summary>
    private const int MaxNamed = 5;

    private readonly SortedDictionary<ulong, string> _problems = [];

    /// <returns>True if that is new.</returns>
    public bool Add(ulong batch, string problem)
    {
        var isNew = !_problems.TryGetValue(batch, out var known) || known != problem;
        if (_problems.Count < MaxRemembered)
        {
            _problems[batch] = problem;
        }

        return isNew;
    }

    public void Remove(ulong batch) => _problems.Remove(batch);

    /// <summary>What is wrong with them, in sentences.</summary>
    public IEnumerable<string> Problems() => _problems.Count <= MaxNamed
        ? _problems.Values
        : [.. _problems.Values.Take(MaxNamed), $"{_problems.Count - MaxNamed} more batches can't be sent, up to batch {_problems.Keys.Last()}."];
}
