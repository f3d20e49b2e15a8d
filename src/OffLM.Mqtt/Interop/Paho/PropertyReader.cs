using System.Text;

namespace OffLM.Mqtt.Interop.Paho;

/// <summary>Properties as they came; valid only within the callback.</summary>
internal readonly unsafe ref struct PropertyReader(NativeProperties* properties)
{
    private readonly ReadOnlySpan<NativeProperty> _items =
        properties is null || properties->Items is null ? [] : new ReadOnlySpan<NativeProperty>(properties->Items, properties->Count);

    public byte? Byte(PropertyId id) => Find(id, out var property) ? property.Byte : null;

    public ushort? TwoBytes(PropertyId id) => Find(id, out var property) ? property.TwoBytes : null;

    public uint? FourBytes(PropertyId id) => Find(id, out var property) ? property.FourBytes : null;

    public string? Text(PropertyId id) => Find(id, out var property) ? Text(property.Text) : null;

    public byte[] Bytes(PropertyId id) => Find(id, out var property) ? Span(property.Text).ToArray() : [];

    public IReadOnlyList<KeyValuePair<string, string>> UserProperties()
    {
        List<KeyValuePair<string, string>>? pairs = null;
        foreach (ref readonly var property in _items)
        {
            if (property.Identifier == (int)PropertyId.UserProperty)
            {
                (pairs ??= []).Add(new(Text(property.Text), Text(property.PairValue)));
            }
        }

        return pairs ?? [];
    }

    private static ReadOnlySpan<byte> Span(NativeString text) => text.Data is null ? [] : new ReadOnlySpan<byte>(text.Data, text.Length);

    private static string Text(NativeString text) => Encoding.UTF8.GetString(Span(text));

    private bool Find(PropertyId id, out NativeProperty found)
    {
        foreach (ref readonly var property in _items)
        {
            if (property.Identifier == (int)id)
            {
                found = property;
                return true;
            }
        }

        found = default;
        return false;
    }
}
