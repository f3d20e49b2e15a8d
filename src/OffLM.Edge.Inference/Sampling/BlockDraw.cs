namespace OffLM.Edge.Inference;

/// <summary>
/// Draws from all tokens by their weights, without computing the weight of each. A block weighs at most what its largest weighs times its length, and
/// blocks are drawn by that bound. The point that was drawn in it lies at one of its tokens: if it lies within that token's weight, this is it, and
/// otherwise another is drawn. A block that is drawn again has its weight computed, which is its bound from then on: it may be that one token has nearly
/// all of it. In each trial a token is taken with a chance in proportion to its weight, so each comes as often as its weight says, whatever the bounds
/// were. Allocates nothing once its arrays have grown.
/// </summary>
internal sealed class BlockDraw
{
    private const int GroupSize = 32;

    /// <summary>A bound must not lie below the weight, which is right to five digits.</summary>
    private const double Margin = 1.0001;

    private float[] _weights = [];
    private double[] _bounds = [];
    private double[] _groups = [];
    private bool[] _drawn = [];

    /// <summary>Draws one.</summary>
    /// <param name="logits">All.</param>
    /// <param name="maxima">The largest of each block of them.</param>
    /// <param name="max">The largest of all; finite.</param>
    /// <param name="scale">What logits are multiplied with: one over the temperature.</param>
    /// <param name="random">What decides.</param>
    internal int Draw(ReadOnlySpan<float> logits, ReadOnlySpan<float> maxima, float max, float scale, Xoshiro256 random)
    {
        var groups = SetBounds(logits.Length, maxima, max, scale);
        var sum = 0.0;
        foreach (var group in groups)
        {
            sum += group;
        }

        while (true)
        {
            var (block, left) = Find(random.NextDouble() * sum, groups, maxima.Length);
            var values = LogitBlocks.Of(logits, block);
            if (!_drawn[block])
            {
                _drawn[block] = true;
                var room = _bounds[block] / values.Length;
                var token = Math.Min((int)(left / room), values.Length - 1);
                if (left - (token * room) < LogitMath.Exp((values[token] - max) * scale))
                {
                    return (block * LogitBlocks.Size) + token;
                }

                continue;
            }

            var weight = LogitMath.SumExp(values, max, scale);
            if (left < weight)
            {
                return (block * LogitBlocks.Size) + Choose(values, max, scale, left);
            }

            var less = Sampler.Number(weight) - _bounds[block];
            groups[block / GroupSize] += less;
            _bounds[block] = weight;
            sum += less;
        }
    }

    private Span<double> SetBounds(int count, ReadOnlySpan<float> maxima, float max, float scale)
    {
        if (_weights.Length < maxima.Length)
        {
            (_weights, _bounds, _drawn) = (new float[maxima.Length], new double[maxima.Length], new bool[maxima.Length]);
            _groups = new double[(maxima.Length + GroupSize - 1) / GroupSize];
        }

        LogitMath.Exp(maxima, max, scale, _weights);
        var groups = _groups.AsSpan(0, (maxima.Length + GroupSize - 1) / GroupSize);
        groups.Clear();
        Array.Clear(_drawn);
        for (var block = 0; block < maxima.Length; block++)
        {
            _bounds[block] = _weights[block] * (Margin * Math.Min(LogitBlocks.Size, count - (block * LogitBlocks.Size)));
            groups[block / GroupSize] += _bounds[block];
        }

        return groups;
    }

    /// <summary>The block that a point of all bounds in a row lies in, and how far within; where rounding leaves it beyond, the last that has any.</summary>
    private (int Block, double Within) Find(double point, ReadOnlySpan<double> groups, int count)
    {
        var group = 0;
        for (; group < groups.Length - 1 && point >= groups[group]; group++)
        {
            point -= groups[group];
        }

        var (found, within) = (group * GroupSize, double.PositiveInfinity);
        for (var block = found; block < Math.Min(count, (group + 1) * GroupSize); block++)
        {
            if (point < _bounds[block])
            {
                return (block, point);
            }

            point -= _bounds[block];
            found = _bounds[block] > 0 ? block : found;
        }

        return (found, within);
    }

    /// <summary>The token that a point of a block's weights in a row lies in; never one without weight.</summary>
    private static int Choose(ReadOnlySpan<float> values, float max, float scale, double point)
    {
        var last = 0;
        for (var i = 0; i < values.Length; i++)
        {
            var weight = LogitMath.Exp((values[i] - max) * scale);
            point -= weight;
            last = weight > 0 ? i : last;
            if (point < 0)
            {
                break;
            }
        }

        return last;
    }
}
