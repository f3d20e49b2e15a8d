using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;

namespace OffLM.Edge.Signing;

/// <summary>
/// Keccak-256 as Ethereum uses it: the original padding 0x01, not FIPS 202's 0x06. Incremental, and its state can be
/// stored and taken up again, so that a commitment to a growing text survives a crash without the text.
/// </summary>
public sealed class Keccak256
{
    /// <summary>Bytes of a stored state: 25 little-endian lanes and the fill level of the current block.</summary>
    public const int StateSize = (25 * 8) + 1;

    private const int Rate = 136;

    private readonly ulong[] _lanes = new ulong[25];
    private int _filled;

    /// <summary>The hash of one byte string.</summary>
    public static Bytes32 Hash(ReadOnlySpan<byte> data)
    {
        Span<ulong> lanes = stackalloc ulong[25];
        lanes.Clear();
        var filled = Absorb(lanes, 0, data);
        return Squeeze(lanes, filled);
    }

    /// <summary>The hash of two byte strings, one after the other.</summary>
    public static Bytes32 Hash(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second)
    {
        Span<ulong> lanes = stackalloc ulong[25];
        lanes.Clear();
        var filled = Absorb(lanes, Absorb(lanes, 0, first), second);
        return Squeeze(lanes, filled);
    }

    /// <summary>Takes up a state written by <see cref="Save"/>.</summary>
    /// <exception cref="ArgumentException">Not a stored state.</exception>
    public static Keccak256 Restore(ReadOnlySpan<byte> state)
    {
        if (state.Length != StateSize || state[^1] >= Rate)
        {
            throw new ArgumentException($"Expected a stored Keccak state of {StateSize} bytes, got {state.Length}.", nameof(state));
        }

        var hash = new Keccak256 { _filled = state[^1] };
        for (var i = 0; i < hash._lanes.Length; i++)
        {
            hash._lanes[i] = BinaryPrimitives.ReadUInt64LittleEndian(state[(8 * i)..]);
        }

        return hash;
    }

    public void Append(ReadOnlySpan<byte> data) => _filled = Absorb(_lanes, _filled, data);

    /// <summary>Appends the UTF-8 of a text.</summary>
    public void Append(string text)
    {
        const int stackLimit = 512;
        var size = Encoding.UTF8.GetMaxByteCount(text.Length);
        var buffer = size <= stackLimit ? stackalloc byte[stackLimit] : new byte[size];
        Append(buffer[..Encoding.UTF8.GetBytes(text, buffer)]);
    }

    /// <summary>The hash of all that was appended so far; appending may go on.</summary>
    public Bytes32 Current()
    {
        Span<ulong> lanes = stackalloc ulong[25];
        _lanes.CopyTo(lanes);
        return Squeeze(lanes, _filled);
    }

    /// <summary>The state in <see cref="StateSize"/> bytes.</summary>
    public byte[] Save()
    {
        var state = new byte[StateSize];
        for (var i = 0; i < _lanes.Length; i++)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(state.AsSpan(8 * i), _lanes[i]);
        }

        state[^1] = (byte)_filled;
        return state;
    }

    private static int Absorb(Span<ulong> lanes, int filled, ReadOnlySpan<byte> data)
    {
        while (!data.IsEmpty)
        {
            if (filled == 0 && data.Length >= Rate)
            {
                for (var i = 0; i < Rate / 8; i++)
                {
                    lanes[i] ^= BinaryPrimitives.ReadUInt64LittleEndian(data[(8 * i)..]);
                }

                KeccakPermutation.Apply(lanes);
                data = data[Rate..];
                continue;
            }

            var take = Math.Min(Rate - filled, data.Length);
            XorBytes(lanes, filled, data[..take]);
            data = data[take..];
            filled += take;
            if (filled == Rate)
            {
                KeccakPermutation.Apply(lanes);
                filled = 0;
            }
        }

        return filled;
    }

    private static Bytes32 Squeeze(Span<ulong> lanes, int filled)
    {
        XorBytes(lanes, filled, [0x01]);
        XorBytes(lanes, Rate - 1, [0x80]);
        KeccakPermutation.Apply(lanes);
        Span<byte> hash = stackalloc byte[Bytes32.Size];
        for (var i = 0; i < Bytes32.Size / 8; i++)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(hash[(8 * i)..], lanes[i]);
        }

        return new Bytes32(hash);
    }

    private static void XorBytes(Span<ulong> lanes, int offset, ReadOnlySpan<byte> data)
    {
        if (BitConverter.IsLittleEndian)
        {
            var bytes = MemoryMarshal.AsBytes(lanes)[offset..];
            for (var i = 0; i < data.Length; i++)
            {
                bytes[i] ^= data[i];
            }

            return;
        }

        for (var i = 0; i < data.Length; i++)
        {
            lanes[(offset + i) / 8] ^= (ulong)data[i] << (8 * ((offset + i) % 8));
        }
    }
}
