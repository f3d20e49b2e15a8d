namespace OffLM.Edge.Signing.Cards.Apdu;

/// <summary>Reads and writes BER-TLV data objects with tags of one or two bytes, ISO 7816-4 section 5.2.2.</summary>
internal static class BerTlv
{
    /// <summary>A tag whose low five bits are all set goes on in a second byte.</summary>
    private const int LongTag = 0x1F;

    /// <summary>The value of the first object with this tag at this level.</summary>
    /// <returns>False if there is none, or the bytes before it are malformed.</returns>
    public static bool TryFind(ReadOnlySpan<byte> data, ushort tag, out ReadOnlySpan<byte> value)
    {
        while (TryRead(ref data, out var found, out value))
        {
            if (found == tag)
            {
                return true;
            }
        }

        value = default;
        return false;
    }

    /// <summary>Reads one object and moves behind it.</summary>
    /// <returns>False at the end, or if what follows is no whole object.</returns>
    public static bool TryRead(scoped ref ReadOnlySpan<byte> data, out ushort tag, out ReadOnlySpan<byte> value)
    {
        tag = 0;
        value = default;
        var rest = data;
        if (!TryTake(ref rest, out var first))
        {
            return false;
        }

        tag = first;
        if ((first & LongTag) == LongTag)
        {
            if (!TryTake(ref rest, out var second) || (second & 0x80) != 0)
            {
                return false;
            }

            tag = (ushort)(first << 8 | second);
        }

        if (!TryLength(ref rest, out var length) || length > rest.Length)
        {
            return false;
        }

        value = rest[..length];
        data = rest[length..];
        return true;
    }

    /// <summary>Writes one object.</summary>
    public static byte[] Write(ushort tag, ReadOnlySpan<byte> value)
    {
        var bytes = new List<byte>();
        if (tag > 0xFF)
        {
            bytes.Add((byte)(tag >> 8));
        }

        bytes.Add((byte)tag);
        if (value.Length > 0xFF)
        {
            bytes.AddRange([0x82, (byte)(value.Length >> 8), (byte)value.Length]);
        }
        else if (value.Length > 0x7F)
        {
            bytes.AddRange([0x81, (byte)value.Length]);
        }
        else
        {
            bytes.Add((byte)value.Length);
        }

        bytes.AddRange(value);
        return [.. bytes];
    }

    private static bool TryLength(scoped ref ReadOnlySpan<byte> data, out int length)
    {
        length = 0;
        if (!TryTake(ref data, out var first))
        {
            return false;
        }

        if (first < 0x80)
        {
            length = first;
            return true;
        }

        // One or two bytes of length are all that fits an APDU.
        for (var bytes = first - 0x80; bytes > 0; bytes--)
        {
            if (first > 0x82 || !TryTake(ref data, out var next))
            {
                return false;
            }

            length = length << 8 | next;
        }

        return first > 0x80;
    }

    private static bool TryTake(scoped ref ReadOnlySpan<byte> data, out byte value)
    {
        if (data.IsEmpty)
        {
            value = 0;
            return false;
        }

        value = data[0];
        data = data[1..];
        return true;
    }
}
