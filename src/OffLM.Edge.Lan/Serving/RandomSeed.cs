using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace OffLM.Edge.Lan.Serving;

/// <summary>The seed of a request that names none. It is recorded, so that any answer can be computed again.</summary>
internal static class RandomSeed
{
    public static ulong Next()
    {
        ulong seed = 0;
        RandomNumberGenerator.Fill(MemoryMarshal.AsBytes(new Span<ulong>(ref seed)));
        return seed;
    }
}
