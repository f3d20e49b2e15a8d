using System.Buffers.Binary;

namespace OffLM.Mqtt.Connecting;

/// <summary>
/// Reads the kernel's messages about links and addresses (<c>rtnetlink(7)</c>) and says when one came up that could lead somewhere.
/// It remembers what is up, because the kernel repeats itself: with each renewed lease, each router's advertisement.
/// </summary>
internal sealed class NetworkChanges
{
    private const int HeaderBytes = 16;      // nlmsghdr
    private const int LinkBytes = 16;        // ifinfomsg
    private const int AddressBytes = 8;      // ifaddrmsg
    private const int AttributeBytes = 4;    // rtattr

    private const ushort NewLink = 16;
    private const ushort DeleteLink = 17;
    private const ushort NewAddress = 20;
    private const ushort DeleteAddress = 21;

    private const uint Up = 0x1;
    private const uint Loopback = 0x8;
    private const uint Running = 0x40;       // it has a carrier
    private const byte Tentative = 0x40;     // IPv6: not usable yet, told again when it is
    private const byte LinkScope = 253;      // from this scope on it reaches no further than the cable
    private const ushort AddressAttribute = 1;

    private readonly HashSet<uint> _links = [];
    private readonly HashSet<string> _addresses = [];

    /// <summary>Takes a datagram of any number of messages in.</summary>
    /// <returns>True if something came up.</returns>
    public bool Read(ReadOnlySpan<byte> datagram)
    {
        var cameUp = false;
        while (datagram.Length >= HeaderBytes)
        {
            var length = BinaryPrimitives.ReadUInt32LittleEndian(datagram);
            if (length < HeaderBytes || length > datagram.Length)
            {
                break;   // cut off
            }

            var type = BinaryPrimitives.ReadUInt16LittleEndian(datagram[4..]);
            var body = datagram[HeaderBytes..(int)length];
            cameUp |= type switch
            {
                NewLink or DeleteLink when body.Length >= LinkBytes => ReadLink(type, body),
                NewAddress or DeleteAddress when body.Length >= AddressBytes => ReadAddress(type, body),
                _ => false,
            };
            datagram = datagram[Math.Min(Aligned((int)length), datagram.Length)..];
        }

        return cameUp;
    }

    private static int Aligned(int length) => (length + 3) & ~3;

    private bool ReadLink(ushort type, ReadOnlySpan<byte> body)
    {
        var index = BinaryPrimitives.ReadUInt32LittleEndian(body[4..]);
        var flags = BinaryPrimitives.ReadUInt32LittleEndian(body[8..]);
        var usable = type == NewLink && (flags & (Up | Running | Loopback)) == (Up | Running);
        if (!usable)
        {
            _links.Remove(index);
            return false;
        }

        return _links.Add(index);
    }

    private bool ReadAddress(ushort type, ReadOnlySpan<byte> body)
    {
        var (flags, scope) = (body[2], body[3]);
        if (scope >= LinkScope || (type == NewAddress && (flags & Tentative) != 0))
        {
            return false;
        }

        var index = BinaryPrimitives.ReadUInt32LittleEndian(body[4..]);
        var key = $"{index} {Convert.ToHexString(Attribute(body[AddressBytes..], AddressAttribute))}";
        if (type == DeleteAddress)
        {
            _addresses.Remove(key);
            return false;
        }

        return _addresses.Add(key);
    }

    private static ReadOnlySpan<byte> Attribute(ReadOnlySpan<byte> attributes, ushort wanted)
    {
        while (attributes.Length >= AttributeBytes)
        {
            var length = BinaryPrimitives.ReadUInt16LittleEndian(attributes);
            if (length < AttributeBytes || length > attributes.Length)
            {
                break;
            }

            if (BinaryPrimitives.ReadUInt16LittleEndian(attributes[2..]) == wanted)
            {
                return attributes[AttributeBytes..length];
            }

            attributes = attributes[Math.Min(Aligned(length), attributes.Length)..];
        }

        return [];
    }
}
