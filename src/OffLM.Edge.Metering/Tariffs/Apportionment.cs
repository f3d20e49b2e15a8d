namespace OffLM.Edge.Metering.Tariffs;

/// <summary>Divides whole amounts so that the parts always add up to the whole.</summary>
public static class Apportionment
{
    /// <summary>
    /// Each part gets the floor of its share; what is left goes, one atto each, to the largest remainders (ties: the earlier part).
    /// </summary>
    /// <param name="amount">Atto.</param>
    /// <param name="weights">The parts' weights; their sum must be above 0 and fit 64 bits.</param>
    /// <exception cref="ArgumentException">All weights are 0.</exception>
    /// <exception cref="OverflowException">The weights' sum doesn't fit 64 bits.</exception>
    public static UInt128[] Divide(UInt128 amount, ReadOnlySpan<ulong> weights)
    {
        ulong total = 0;
        foreach (var weight in weights)
        {
            total = checked(total + weight);
        }

        if (total == 0)
        {
            throw new ArgumentException("At least one weight must be above 0.", nameof(weights));
        }

        var parts = new UInt128[weights.Length];
        var remainders = new UInt128[weights.Length];
        var (quotient, rest) = UInt128.DivRem(amount, total);
        var left = amount;
        for (var i = 0; i < weights.Length; i++)
        {
            var (floor, remainder) = UInt128.DivRem(rest * weights[i], total);
            parts[i] = (quotient * weights[i]) + floor;
            remainders[i] = remainder;
            left -= parts[i];
        }

        var order = new int[parts.Length];
        for (var i = 0; i < order.Length; i++)
        {
            order[i] = i;
        }

        Array.Sort(order, (a, b) => remainders[a] == remainders[b] ? a.CompareTo(b) : remainders[b].CompareTo(remainders[a]));
        foreach (var i in order.AsSpan(0, (int)left))
        {
            parts[i]++;
        }

        return parts;
    }
}
