using System.Numerics;

namespace OffLM.Edge.Inference;

/// <summary>The tokens still in play, most likely first. Each is one number that sorts by falling logit, then rising token id, so
/// that ties are broken the same way everywhere. Arrays grow to what a model's logits need and are then kept.</summary>
internal sealed class CandidateSet
{
    private ulong[] _keys = [];

    internal int Count { get; private set; }

    internal int Token(int index) => (int)(uint)_keys[index];

    internal float Logit(int index) => FromSortable(~(uint)(_keys[index] >> 32));

    /// <summary>Keeps the first so many.</summary>
    internal void Truncate(int count) => Count = count;

    /// <summary>The k largest.</summary>
    /// <param name="logits">All.</param>
    /// <param name="maxima">The largest of each of <see cref="LogitBlocks"/>. As many of those as are wanted are not below the last of them, so none of the
    /// wanted is either.</param>
    /// <param name="k">How many.</param>
    internal void TakeLargest(ReadOnlySpan<float> logits, ReadOnlySpan<float> maxima, int k)
    {
        if (k >= maxima.Length)
        {
            TakeLargest(logits, k);
            return;
        }

        TakeLargest(maxima, k);
        TakeFrom(logits, maxima, Logit(k - 1));
        Truncate(k);
    }

    /// <summary>The k largest. A heap whose root is the smallest of them gives the threshold that whole vectors are tested against.</summary>
    internal void TakeLargest(ReadOnlySpan<float> logits, int k)
    {
        k = Math.Min(k, logits.Length);
        Reserve(k);
        var heap = _keys.AsSpan(0, k);
        for (var i = 0; i < k; i++)
        {
            heap[i] = Key(logits[i], i);
        }

        for (var i = (k / 2) - 1; i >= 0; i--)
        {
            SiftDown(heap, i);
        }

        var threshold = FromSortable(~(uint)(heap[0] >> 32));
        var next = k;
        while (next < logits.Length)
        {
            next = LogitMath.Above(logits, next, threshold);

            var end = Math.Min(logits.Length, next + Vector<float>.Count);
            for (; next < end; next++)
            {
                // An equal logit further on has the higher id and stays out.
                if (logits[next] > threshold)
                {
                    heap[0] = Key(logits[next], next);
                    SiftDown(heap, 0);
                    threshold = FromSortable(~(uint)(heap[0] >> 32));
                }
            }
        }

        heap.Sort();
        Count = k;
    }

    /// <summary>All whose logit is at least <paramref name="floor"/>.</summary>
    internal void TakeFrom(ReadOnlySpan<float> logits, ReadOnlySpan<float> maxima, float floor)
    {
        Count = 0;
        for (var block = 0; block < maxima.Length; block++)
        {
            if (maxima[block] >= floor)
            {
                TakeFrom(LogitBlocks.Of(logits, block), block * LogitBlocks.Size, floor);
            }
        }

        _keys.AsSpan(0, Count).Sort();
    }

    private void TakeFrom(ReadOnlySpan<float> values, int first, float floor)
    {
        Reserve(Count + values.Length);
        for (var i = 0; i < values.Length; i++)
        {
            if (values[i] >= floor)
            {
                _keys[Count++] = Key(values[i], first + i);
            }
        }
    }

    private static ulong Key(float logit, int token) => ((ulong)~ToSortable(logit) << 32) | (uint)token;

    /// <summary>The bits of a float, changed so that they compare like the float.</summary>
    private static uint ToSortable(float value)
    {
        var bits = BitConverter.SingleToUInt32Bits(value + 0f); // −0 becomes 0: they are equal
        return (bits & 0x8000_0000) != 0 ? ~bits : bits | 0x8000_0000;
    }

    private static float FromSortable(uint bits) =>
        BitConverter.UInt32BitsToSingle((bits & 0x8000_0000) != 0 ? bits & 0x7FFF_FFFF : ~bits);

    /// <summary>The root is the largest key: the least likely candidate.</summary>
    private static void SiftDown(Span<ulong> heap, int parent)
    {
        var key = heap[parent];
        while (true)
        {
            var child = (2 * parent) + 1;
            if (child >= heap.Length)
            {
                break;
            }

            if (child + 1 < heap.Length && heap[child + 1] > heap[child])
            {
                child++;
            }

            if (heap[child] <= key)
            {
                break;
            }

            heap[parent] = heap[child];
            parent = child;
        }

        heap[parent] = key;
    }

    private void Reserve(int count)
    {
        if (_keys.Length < count)
        {
            Array.Resize(ref _keys, Math.Max(count, _keys.Length * 2));
        }
    }
}
