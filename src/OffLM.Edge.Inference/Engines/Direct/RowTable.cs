namespace OffLM.Edge.Inference;

/// <summary>Which sequence stands in which row of the cache.</summary>
/// <param name="cache">The rows.</param>
internal sealed class RowTable(KeyValueCache cache)
{
    /// <summary>A sequence that was stepped among the others so lately is computed along, to no use, rather than moved away: a slow reader's
    /// answer pauses and goes on again all the time.</summary>
    private const int Lately = 8;

    private readonly DirectSlot?[] _rows = new DirectSlot?[cache.Rows];
    private readonly bool[] _wanted = new bool[cache.Rows];

    internal DirectSlot? this[int row] => _rows[row];

    /// <summary>Gives a sequence the first free row.</summary>
    /// <exception cref="InferenceException">There is none.</exception>
    internal void Take(DirectSlot slot)
    {
        var row = Array.IndexOf(_rows, null);
        if (row < 0)
        {
            throw new InferenceException($"All {cache.Rows} places in the model's cache are taken.");
        }

        (_rows[row], slot.Row) = (slot, row);
    }

    internal void Free(DirectSlot slot)
    {
        if (slot.Row != DirectSlot.NoRow)
        {
            cache.Release(slot.Row);
            _rows[slot.Row] = null;
            slot.Row = DirectSlot.NoRow;
        }
    }

    /// <summary>Makes sequences neighbours.</summary>
    /// <param name="slots">Those to be stepped, at least one.</param>
    /// <param name="batch">The engine's count of batches.</param>
    /// <returns>The rows to compute: theirs, and perhaps a few between them; on a device, whatever stands between them, for there it can't be moved.</returns>
    internal (int First, int Count) Gather(ReadOnlySpan<ISlot> slots, long batch)
    {
        var (first, last) = (int.MaxValue, 0);
        Array.Clear(_wanted);
        foreach (var slot in slots)
        {
            var row = ((DirectSlot)slot).Row;
            _wanted[row] = true;
            (first, last) = (Math.Min(first, row), Math.Max(last, row));
        }

        var count = last - first + 1;
        if (count == slots.Length || cache.IsOnDevice || MayFill(first, last, slots.Length, batch))
        {
            return (first, count);
        }

        first = Densest(slots.Length);
        Move(first, slots.Length);
        return (first, slots.Length);
    }

    private bool MayFill(int first, int last, int slots, long batch)
    {
        if (last - first + 1 - slots > slots / 2)
        {
            return false;
        }

        for (var row = first; row <= last; row++)
        {
            var isBusyNeighbour = _rows[row] is { } other && batch - other.LastBatch <= Lately && other.Length < cache.ContextLength;
            if (!_wanted[row] && !isBusyNeighbour)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Where the fewest must be moved.</summary>
    private int Densest(int count)
    {
        var (best, most) = (0, -1);
        for (var first = 0; first + count <= _rows.Length; first++)
        {
            var there = _wanted.AsSpan(first, count).Count(true);
            (best, most) = there > most ? (first, there) : (best, most);
        }

        return best;
    }

    /// <summary>Exchanges those that are not wanted in some rows for those that are, elsewhere.</summary>
    private void Move(int first, int count)
    {
        var from = 0;
        for (var row = first; row < first + count; row++)
        {
            if (_wanted[row])
            {
                continue;
            }

            while (!_wanted[from] || (from >= first && from < first + count))
            {
                from++;
            }

            var (comes, goes) = (_rows[from]!, _rows[row]);
            cache.Swap(row, goes?.Length ?? 0, from, comes.Length);
            (_rows[row], _rows[from]) = (comes, goes);
            comes.Row = row;
            if (goes is null)
            {
                cache.Release(from);
            }
            else
            {
                goes.Row = from;
            }

            from++;
        }
    }
}
