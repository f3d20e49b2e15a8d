using System.Numerics;

namespace OffLM.ModelForge.Weights;

/// <summary>
/// xoshiro256** (prng.di.unimi.it), seeded through SplitMix64 from the recipe's seed and a tensor's name:
/// a tensor's values do not depend on which others were written before it, nor on the runtime's own generator.
/// </summary>
internal sealed class RandomStream
{
    private ulong _a;
    private ulong _b;
    private ulong _c;
    private ulong _d;

    public RandomStream(ulong seed, string name)
    {
        var state = seed ^ Fnv1a(name);
        _a = SplitMix(ref state);
        _b = SplitMix(ref state);
        _c = SplitMix(ref state);
        _d = SplitMix(ref state);
    }

    /// <summary>64 random bits.</summary>
    public ulong Next()
    {
        var result = BitOperations.RotateLeft(_b * 5, 7) * 9;
        var shifted = _b << 17;
        _c ^= _a;
        _d ^= _b;
        _b ^= _c;
        _a ^= _d;
        _c ^= shifted;
        _d = BitOperations.RotateLeft(_d, 45);
        return result;
    }

    /// <summary>Evenly distributed from <paramref name="low"/> up to, not including, <paramref name="high"/>.</summary>
    public float Uniform(float low, float high) => low + ((high - low) * ((Next() >> 40) * (1f / (1 << 24))));

    /// <summary>
    /// Nearly normal with mean 0: the sum of four 16-bit uniforms. Only exact arithmetic, so that the
    /// bytes do not depend on a machine's mathematics library; the missing far tails do not matter to weights.
    /// </summary>
    public float Normal(float standardDeviation)
    {
        const double Mean = 2 * 65_535.0;
        const double Deviation = 37_836.85;    // √(4 · (2³² − 1) / 12)
        var bits = Next();
        var sum = (bits & 0xFFFF) + ((bits >> 16) & 0xFFFF) + ((bits >> 32) & 0xFFFF) + (bits >> 48);
        return (float)((sum - Mean) / Deviation) * standardDeviation;
    }

    private static ulong SplitMix(ref ulong state)
    {
        state += 0x9E3779B97F4A7C15;
        var z = state;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }

    private static ulong Fnv1a(string name)
    {
        var hash = 0xCBF29CE484222325;
        foreach (var c in name)
        {
            hash = (hash ^ c) * 0x100000001B3;
        }

        return hash;
    }
}
