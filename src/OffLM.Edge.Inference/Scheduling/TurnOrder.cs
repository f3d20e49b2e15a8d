namespace OffLM.Edge.Inference;

/// <summary>Whose turn it is. A round has one token of each generation and one piece of one prompt. Belongs to the decode thread.</summary>
internal sealed class TurnOrder
{
    private readonly List<GenerationRun> _active;
    private readonly int _maxUndelivered;
    private long _prefillPieces;

    /// <param name="active">Those who take turns.</param>
    /// <param name="maxUndelivered">Tokens that a reader may be behind before its generation misses its turns.</param>
    internal TurnOrder(List<GenerationRun> active, int maxUndelivered)
    {
        (_active, _maxUndelivered) = (active, maxUndelivered);
        IsReady = run => _active.Contains(run) && !run.IsPaused(_maxUndelivered);
    }

    /// <summary>Who is left of this round, in turn.</summary>
    internal Queue<GenerationRun> Round { get; } = new();

    /// <summary>Whether somebody of this round can still take a turn.</summary>
    internal Predicate<GenerationRun> IsReady { get; }

    /// <summary>True if somebody waits for the next token.</summary>
    internal bool IsAnyDecoding
    {
        get
        {
            foreach (var run in _active)
            {
                if (!run.IsPrefilling && !run.IsPaused(_maxUndelivered))
                {
                    return true;
                }
            }

            return false;
        }
    }

    /// <summary>Who is at the front of this round, or of a new one; null if nobody can go on.</summary>
    internal GenerationRun? Next()
    {
        while (Round.TryPeek(out var front) && !IsReady(front))
        {
            Round.Dequeue();
        }

        if (Round.Count == 0)
        {
            BeginRound();
        }

        return Round.TryPeek(out var next) ? next : null;
    }

    /// <summary>Notes that a piece of a prompt is computed: the next round's is somebody else's.</summary>
    internal void Prefills(GenerationRun run) => run.LastPrefill = ++_prefillPieces;

    private void BeginRound()
    {
        GenerationRun? prefill = null;
        foreach (var run in _active)
        {
            if (run.IsPrefilling)
            {
                prefill = prefill is null || run.LastPrefill < prefill.LastPrefill ? run : prefill;
            }
            else if (!run.IsPaused(_maxUndelivered))
            {
                Round.Enqueue(run);
            }
        }

        if (prefill is not null)
        {
            Round.Enqueue(prefill);
        }
    }
}
