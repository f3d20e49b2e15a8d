using System.Runtime.InteropServices;

namespace OffLM.Edge.Inference;

/// <summary>The caches of ended conversations, least recently used first. Belongs to the decode thread.</summary>
internal sealed class IdleSlots(int maxCount, long maxBytes, long bytesPerToken) : IDisposable
{
    /// <summary>Shorter common beginnings (every chat template has one) are not worth taking another conversation's cache for.</summary>
    internal const int MinimumPrefix = 16;

    private readonly List<IdleSlot> _slots = [];

    internal int Count => _slots.Count;

    private long Bytes => _slots.Sum(s => s.Slot.Reserved * bytesPerToken);

    /// <summary>The slot with the longest common beginning, rewound to it. At least one prompt token is always left to compute, for its logits.
    /// If there is none and as many as may be are kept, the least recently used one that is large enough, rewound to nothing: it would have to
    /// leave anyhow, and making another takes tens of milliseconds for a long context.</summary>
    /// <param name="scope">Only this scope's slots are looked at.</param>
    /// <param name="prompt">The new prompt.</param>
    /// <param name="tokens">What must fit.</param>
    /// <param name="canCopy">True if a new slot costs nothing and can take over another's beginning: then only a conversation that goes on is
    /// taken, and one that is left where another begins stays as it is.</param>
    internal IdleSlot? Take(string scope, ReadOnlySpan<int> prompt, int tokens, bool canCopy = false)
    {
        var (best, length) = Longest(scope, prompt, tokens);
        if (canCopy)
        {
            best = best >= 0 && length == _slots[best].Tokens.Count ? best : -1;
        }
        else if (best < 0)
        {
            (best, length) = (IsFullWith(tokens) ? _slots.FindIndex(s => s.Slot.Capacity >= tokens) : -1, 0);
        }

        if (best < 0)
        {
            return null;
        }

        var found = _slots[best];
        _slots.RemoveAt(best);
        return found.Tokens.Count == length || TryRewind(found, length) ? found : null;
    }

    /// <summary>The slot with the longest common beginning, to be copied from; it counts as used.</summary>
    /// <param name="scope">Only this scope's slots are looked at.</param>
    /// <param name="prompt">The new prompt.</param>
    /// <returns>The slot, if there is one, and how many tokens are common.</returns>
    internal (ISlot? Slot, int Length) Find(string scope, ReadOnlySpan<int> prompt)
    {
        var (best, length) = Longest(scope, prompt, 0);
        if (best < 0)
        {
            return (null, 0);
        }

        var found = _slots[best];
        _slots.RemoveAt(best);
        _slots.Add(found);
        return (found.Slot, length);
    }

    private (int Index, int Length) Longest(string scope, ReadOnlySpan<int> prompt, int tokens)
    {
        var (best, length) = (-1, MinimumPrefix - 1);
        for (var i = 0; i < _slots.Count; i++)
        {
            if (_slots[i].Scope == scope && _slots[i].Slot.Capacity >= tokens)
            {
                var common = prompt[..^1].CommonPrefixLength(CollectionsMarshal.AsSpan(_slots[i].Tokens));
                (best, length) = common > length ? (i, common) : (best, length);
            }
        }

        return (best, length);
    }

    private bool IsFullWith(int tokens) => _slots.Count >= maxCount || Bytes + (tokens * bytesPerToken) > maxBytes;

    /// <summary>Some architectures' caches can't be rewound: their conversations are computed anew.</summary>
    private static bool TryRewind(IdleSlot idle, int length)
    {
        try
        {
            idle.Slot.Rewind(length);
            idle.Tokens.RemoveRange(length, idle.Tokens.Count - length);
            return true;
        }
        catch (InferenceException)
        {
            idle.Slot.Dispose();
            return false;
        }
    }

    /// <summary>Keeps a slot; frees the least recently used ones beyond the limits.</summary>
    internal void Put(IdleSlot slot)
    {
        _slots.Add(slot);
        while (_slots.Count > maxCount || (_slots.Count > 0 && Bytes > maxBytes))
        {
            _slots[0].Slot.Dispose();
            _slots.RemoveAt(0);
        }
    }

    /// <summary>Frees the least recently used ones beyond so many.</summary>
    internal void Limit(int count)
    {
        while (_slots.Count > count)
        {
            _slots[0].Slot.Dispose();
            _slots.RemoveAt(0);
        }
    }

    public void Dispose()
    {
        _slots.ForEach(s => s.Slot.Dispose());
        _slots.Clear();
    }
}
