namespace OffLM.Edge.Inference;

/// <summary>From the vectors of a sequence's tokens to its embedding.</summary>
internal static class VectorMath
{
    /// <summary>One vector of many.</summary>
    /// <param name="states">The tokens' vectors, one after the other; those of padding are left out.</param>
    /// <param name="pooling">How.</param>
    /// <param name="vector">Takes the result; as long as one of them.</param>
    internal static void Pool(ReadOnlySpan<float> states, Pooling pooling, Span<float> vector)
    {
        if (pooling != Pooling.Mean)
        {
            (pooling == Pooling.Last ? states[^vector.Length..] : states[..vector.Length]).CopyTo(vector);
            return;
        }

        vector.Clear();
        for (var token = 0; token < states.Length; token += vector.Length)
        {
            for (var i = 0; i < vector.Length; i++)
            {
                vector[i] += states[token + i];
            }
        }

        var tokens = states.Length / vector.Length;
        foreach (ref var number in vector)
        {
            number /= tokens;
        }
    }

    /// <summary>Gives a vector length 1; one of nothing but zeros stays so.</summary>
    internal static void Normalise(Span<float> vector)
    {
        var squares = 0.0;
        foreach (var number in vector)
        {
            squares += (double)number * number;
        }

        if (squares > 0)
        {
            var length = (float)Math.Sqrt(squares);
            foreach (ref var number in vector)
            {
                number /= length;
            }
        }
    }
}
