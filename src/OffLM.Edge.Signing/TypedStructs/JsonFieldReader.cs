using System.Buffers;
using System.Globalization;
using System.Numerics;
using System.Text.Json;

namespace OffLM.Edge.Signing.TypedStructs;

/// <summary>
/// Reads fields from a JSON object. Documents have them in the type's order, which costs one pass; a field that is not
/// next is looked for from the object's start.
/// </summary>
internal ref struct JsonFieldReader : IFieldMapper
{
    private readonly string _typeName;
    private readonly Utf8JsonReader _start;
    private Utf8JsonReader _next;

    public JsonFieldReader(Utf8JsonReader reader, string typeName)
    {
        _typeName = typeName;
        _start = reader;
        _next = reader;
    }

    /// <summary>A reader on the object's end. Refuses unknown and repeated fields.</summary>
    public readonly Utf8JsonReader End(int expected)
    {
        var reader = _start;
        var count = 0;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            count++;
            reader.Skip();
        }

        if (count != expected)
        {
            throw new FormatException($"{_typeName} has {count} fields, expected {expected}: one is unknown or given twice.");
        }

        return reader;
    }

    public Bytes32 Field(string name, in Bytes32 value)
    {
        Span<char> text = stackalloc char[66];
        return Bytes32.TryParse(text[..CopyText(name, text)], out var result)
            ? result
            : throw Bad(name, "0x and 64 hexadecimal digits");
    }

    public Address Field(string name, in Address value)
    {
        Span<char> text = stackalloc char[42];
        return Address.TryParse(text[..CopyText(name, text)], out var result)
            ? result
            : throw Bad(name, "an address with a correct checksum");
    }

    public ulong Field(string name, ulong value) => Integer<ulong>(name);

    public uint Field(string name, uint value) => Integer<uint>(name);

    public ushort Field(string name, ushort value) => Integer<ushort>(name);

    public byte Field(string name, byte value) => Integer<byte>(name);

    public UInt128 Field(string name, UInt128 value) => Integer<UInt128>(name);

    public string Field(string name, string value)
    {
        Seek(name);
        return _next.TokenType == JsonTokenType.String ? _next.GetString()! : throw Bad(name, "a string");
    }

    private T Integer<T>(string name)
        where T : struct, IBinaryInteger<T>
    {
        Seek(name);
        var digits = _next.HasValueSequence ? _next.ValueSequence.ToArray() : _next.ValueSpan;
        return _next.TokenType is JsonTokenType.String or JsonTokenType.Number
            && T.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var result)
            ? result
            : throw Bad(name, $"a whole number from 0 to {T.AllBitsSet} as decimal digits");
    }

    /// <summary>Copies the string's characters; 0 if it is no string or doesn't fit.</summary>
    private int CopyText(string name, scoped Span<char> room)
    {
        Seek(name);
        return _next.TokenType == JsonTokenType.String && !_next.HasValueSequence && _next.ValueSpan.Length <= room.Length
            ? _next.CopyString(room)
            : 0;
    }

    /// <summary>Puts the reader on the named field's value.</summary>
    private void Seek(string name)
    {
        if (TryAdvance(name))
        {
            return;
        }

        _next = _start;
        while (_next.Read() && _next.TokenType == JsonTokenType.PropertyName)
        {
            if (_next.ValueTextEquals(name))
            {
                _next.Read();
                return;
            }

            _next.Skip();
        }

        throw new FormatException($"{_typeName} has no field '{name}'.");
    }

    private bool TryAdvance(string name)
    {
        if (_next.TokenType is JsonTokenType.StartArray || (_next.TokenType is JsonTokenType.StartObject && _next.CurrentDepth > _start.CurrentDepth))
        {
            return false;
        }

        return _next.Read() && _next.TokenType == JsonTokenType.PropertyName && _next.ValueTextEquals(name) && _next.Read();
    }

    private readonly FormatException Bad(string name, string expected) =>
        new($"The field '{name}' of {_typeName} is not {expected}.");
}
