using System.Runtime.InteropServices;

namespace OffLM.Edge.Inference;

/// <summary>The generations that are stepped together. Belongs to the decode thread.</summary>
internal sealed class StepBatch(IEngine engine, StepMeter meter)
{
    private readonly List<GenerationRun> _runs = [];
    private readonly List<ISlot> _slots = [];
    private readonly List<int> _tokens = [];

    internal IReadOnlyList<GenerationRun> Runs => _runs;

    /// <summary>Takes a generation, and of this round as many others as may be stepped with it: those with the same adapter. One whose result must be repeatable is stepped alone:
    /// in a batch, the last digits of its scores would depend on who else is in it.</summary>
    /// <param name="front">The first; not in the round any more.</param>
    /// <param name="round">The others, whose order stays.</param>
    /// <param name="isReady">Whether one that waits for its step may be stepped now.</param>
    internal void Gather(GenerationRun front, Queue<GenerationRun> round, Predicate<GenerationRun> isReady)
    {
        Clear();
        Add(front);
        if (front.Request.Deterministic)
        {
            return;
        }

        for (var left = round.Count; left > 0; left--)
        {
            var run = round.Dequeue();
            if (_runs.Count < engine.MaxBatch && run.Request.Adapter == front.Request.Adapter && !run.Request.Deterministic && !run.IsPrefilling && !run.HasFirstScores && isReady(run))
            {
                Add(run);
            }
            else
            {
                round.Enqueue(run);
            }
        }
    }

    /// <summary>Computes the scores after each one's last token.</summary>
    internal void Step()
    {
        using (meter.InEngine())
        {
            if (_runs.Count == 1)
            {
                _slots[0].Step(_tokens[0]);
            }
            else
            {
                engine.Step(CollectionsMarshal.AsSpan(_slots), CollectionsMarshal.AsSpan(_tokens));
            }
        }
    }

    private void Clear()
    {
        _runs.Clear();
        _slots.Clear();
        _tokens.Clear();
    }

    private void Add(GenerationRun run)
    {
        _runs.Add(run);
        _slots.Add(run.Slot);
        _tokens.Add(run.LastToken);
    }
}
