namespace OffLM.Edge.Inference;

/// <summary>
/// Draws from all tokens by their weights, without computing the weight of each. A block weighs at most what its largest weighs times its length;
/// blocks are drawn by that bound, and only the weight of a drawn one is computed. It is taken as often as its weight makes of its bound; if it isn't,
/// its weight is its bound from then on, and another is drawn. So each token comes as often as its weight says, whatever the bounds were, and after a
/// few blocks hardly one is turned away. Allocates nothing once its arrays have grown.
/// </summary>
internal sealed class BlockDraw
{
    private const int GroupSize = 32;

    /// <summary>A bound must not lie below the weight, which is right to five digits.</summary>
    private const double Margin = 1.0001;

    private float[] _weights = [];
    private double[] _bounds = [];
    private double[] _groups = [];

    /// <summary>Draws one.</summary>
    /// <param name="logits">All.</param>
    /// <param name="maxima">The largest of each block of them.</param>
    /// <param name="max">The largest of all; finite.</param>
    /// <param name="scale">What logits are multiplied with: one over the temperature.</param>
    /// <param name="random">What decides.</param>
    internal int Draw(ReadOnlySpan<float> logits, ReadOnlySpan<float> maxima, float max, float scale, Xoshiro256 random)
    {
        var groups = SetBounds(logits.Length, maxima, max, scale);
        while (true)
        {
            var sum = 0.0;
            foreach (var group in groups)
            {
                sum += group;
            }

            var (block, left) = Find(random.NextDouble() * sum, groups, maxima.Length);
            var values = LogitBlocks.Of(logits, block);
            var weight = LogitMath.SumExp(values, max, scale);
            if (left < weight)
            {
                return (block * LogitBlocks.Size) + Choose(values, max, scale, left);
            }

            groups[block / GroupSize] += weight - _bounds[block];
            _bounds[block] = weight;
        }
    }

    private Span<double> SetBounds(int count, ReadOnlySpan<float> maxima, float max, float scale)
    {
        if (_weights.Length < maxima.Length)
        {
            (_weights, _bounds, _groups) = (new float[maxima.Length], new double[maxima.Length], new double[(maxima.Length + GroupSize - 1) / GroupSize]);
        }

        LogitMath.Exp(maxima, max, scale, _weights);
        var groups = _groups.AsSpan(0, (maxima.Length + GroupSize - 1) / GroupSize);
        groups.Clear();
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
