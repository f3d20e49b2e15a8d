using System.Numerics;

namespace OffLM.Fleet.Verification;

/// <summary>A sum for each <see cref="Figure"/>. Of any size: a node may ask for what no 128 bits hold.</summary>
internal sealed class Sums : IEquatable<Sums>
{
    public static readonly int Count = Enum.GetValues<Figure>().Length;

    private readonly BigInteger[] _values = new BigInteger[Count];

    public BigInteger this[Figure figure] => _values[(int)figure];

    public void Add(Figure figure, BigInteger amount) => _values[(int)figure] += amount;

    public void Add(Sums other)
    {
        for (var i = 0; i < Count; i++)
        {
            _values[i] += other._values[i];
        }
    }

    /// <summary>Each sum as a length byte and big-endian bytes.</summary>
    public byte[] ToBytes()
    {
        var bytes = new List<byte>(4 * Count);
        foreach (var value in _values)
        {
            var digits = value.IsZero ? [] : value.ToByteArray(isUnsigned: true, isBigEndian: true);
            bytes.Add(checked((byte)digits.Length));
            bytes.AddRange(digits);
        }

        return [.. bytes];
    }

    /// <summary>Reads what <see cref="ToBytes"/> wrote, by this version or an earlier one.</summary>
    /// <exception cref="FormatException">Something else.</exception>
    public static Sums FromBytes(ReadOnlySpan<byte> bytes)
    {
        var sums = new Sums();
        for (var i = 0; !bytes.IsEmpty; i++)
        {
            if (i == Count || bytes.Length < 1 + bytes[0])
            {
                throw new FormatException("Stored sums are damaged: their length is wrong.");
            }

            sums._values[i] = new BigInteger(bytes.Slice(1, bytes[0]), isUnsigned: true, isBigEndian: true);
            bytes = bytes[(1 + bytes[0])..];
        }

        return sums;
    }

    public bool Equals(Sums? other) => other is not null && _values.AsSpan().SequenceEqual(other._values);

    public override bool Equals(object? obj) => Equals(obj as Sums);

    public override int GetHashCode() => _values[(int)Figure.Receipts].GetHashCode();
}
