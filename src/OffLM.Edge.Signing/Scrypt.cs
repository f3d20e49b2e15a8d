using System.Buffers.Binary;
using System.Security.Cryptography;
using static System.Numerics.BitOperations;

namespace OffLM.Edge.Signing;

/// <summary>The scrypt key derivation of RFC 7914, which key files made by other tools use. The framework has none.</summary>
internal static class Scrypt
{
    /// <summary>What one derivation may take: 128·r·N bytes. Twice what the usual parameters need.</summary>
    private const long MemoryLimitBytes = 512L << 20;

    /// <exception cref="ArgumentException">Parameters outside the RFC's ranges, or above the memory limit.</exception>
    public static byte[] Derive(ReadOnlySpan<byte> password, ReadOnlySpan<byte> salt, int n, int r, int p, int length)
    {
        if (n < 2 || !IsPow2(n) || r is < 1 or > 64 || p is < 1 or > 64 || 128L * r * n > MemoryLimitBytes)
        {
            throw new ArgumentException($"scrypt parameters n={n}, r={r}, p={p} are out of range: n a power of two, and 128·r·n at most 512 MiB.");
        }

        var blockBytes = 128 * r;
        var blocks = Rfc2898DeriveBytes.Pbkdf2(password, salt, 1, HashAlgorithmName.SHA256, blockBytes * p);
        var table = new uint[(long)n * blockBytes / 4];
        for (var i = 0; i < p; i++)
        {
            Mix(blocks.AsSpan(i * blockBytes, blockBytes), n, table);
        }

        return Rfc2898DeriveBytes.Pbkdf2(password, blocks, 1, HashAlgorithmName.SHA256, length);
    }

    /// <summary>scryptROMix, section 5.</summary>
    private static void Mix(Span<byte> block, int n, uint[] table)
    {
        var words = block.Length / 4;
        var x = new uint[words];
        var y = new uint[words];
        for (var i = 0; i < words; i++)
        {
            x[i] = BinaryPrimitives.ReadUInt32LittleEndian(block[(4 * i)..]);
        }

        for (var i = 0; i < n; i++)
        {
            x.CopyTo(table, (long)i * words);
            BlockMix(ref x, ref y);
        }

        for (var i = 0; i < n; i++)
        {
            var j = x[words - 16] & (uint)(n - 1);
            var row = table.AsSpan((int)(j * words), words);
            for (var k = 0; k < words; k++)
            {
                x[k] ^= row[k];
            }

            BlockMix(ref x, ref y);
        }

        for (var i = 0; i < words; i++)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(block[(4 * i)..], x[i]);
        }
    }

    /// <summary>scryptBlockMix, section 4; the result is in <paramref name="x"/>.</summary>
    private static void BlockMix(ref uint[] x, ref uint[] y)
    {
        var blocks = x.Length / 16;
        Span<uint> state = stackalloc uint[16];
        x.AsSpan((blocks - 1) * 16).CopyTo(state);
        for (var i = 0; i < blocks; i++)
        {
            var input = x.AsSpan(i * 16, 16);
            for (var k = 0; k < 16; k++)
            {
                state[k] ^= input[k];
            }

            Salsa8(state);
            state.CopyTo(y.AsSpan(((i / 2) + (i % 2 == 0 ? 0 : blocks / 2)) * 16));
        }

        (x, y) = (y, x);
    }

    /// <summary>Salsa20/8 core, section 3.</summary>
    private static void Salsa8(Span<uint> state)
    {
        Span<uint> z = stackalloc uint[16];
        state.CopyTo(z);
        for (var round = 0; round < 4; round++)
        {
            Quarter(z, 0, 4, 8, 12);
            Quarter(z, 5, 9, 13, 1);
            Quarter(z, 10, 14, 2, 6);
            Quarter(z, 15, 3, 7, 11);
            Quarter(z, 0, 1, 2, 3);
            Quarter(z, 5, 6, 7, 4);
            Quarter(z, 10, 11, 8, 9);
            Quarter(z, 15, 12, 13, 14);
        }

        for (var i = 0; i < 16; i++)
        {
            state[i] += z[i];
        }
    }

    private static void Quarter(Span<uint> z, int a, int b, int c, int d)
    {
        z[b] ^= RotateLeft(z[a] + z[d], 7);
        z[c] ^= RotateLeft(z[b] + z[a], 9);
        z[d] ^= RotateLeft(z[c] + z[b], 13);
        z[a] ^= RotateLeft(z[d] + z[c], 18);
    }
}
