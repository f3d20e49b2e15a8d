using System.Globalization;
using System.Text.Json;

namespace OffLM.Edge.Signing.TypedStructs;

internal readonly struct JsonFieldWriter(Utf8JsonWriter writer) : IFieldMapper
{
    public Bytes32 Field(string name, in Bytes32 value)
    {
        Span<char> text = stackalloc char[2 + (2 * Bytes32.Size)];
        writer.WriteString(name, Hex.Encode(value.AsSpan(), text));
        return value;
    }

    public Address Field(string name, in Address value)
    {
        Span<char> text = stackalloc char[Address.TextLength];
        value.Format(text);
        writer.WriteString(name, text);
        return value;
    }

    public ulong Field(string name, ulong value) => Integer(name, value);

    public uint Field(string name, uint value) => Integer(name, value);

    public ushort Field(string name, ushort value) => Integer(name, value);

    public byte Field(string name, byte value) => Integer(name, value);

    public UInt128 Field(string name, UInt128 value) => Integer(name, value);

    public string Field(string name, string value)
    {
        writer.WriteString(name, value);
        return value;
    }

    private T Integer<T>(string name, T value)
        where T : ISpanFormattable
    {
        Span<char> digits = stackalloc char[40];
        value.TryFormat(digits, out var length, default, CultureInfo.InvariantCulture);
        writer.WriteString(name, digits[..length]);
        return value;
    }
}
