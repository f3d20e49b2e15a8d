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
    private readonly JsonForm _form;
    private readonly Utf8JsonReader _start;
    private Utf8JsonReader _next;
    private bool _inOrder = true;

    public JsonFieldReader(Utf8JsonReader reader, string typeName, JsonForm form)
    {
        _typeName = typeName;
        _form = form;
        _start = reader;
        _next = reader;
    }

    /// <summary>A reader on the object's end. Refuses unknown and repeated fields.</summary>
    public Utf8JsonReader End(int expected)
    {
        if (_inOrder && _next.Read() && _next.TokenType == JsonTokenType.EndObject)
        {
            return _next;
        }

        var reader = _start;
        var count = 0;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            count++;
            reader.Skip();
        }

        return count == expected
            ? reader
            : throw new FormatException($"{_typeName} has {count} fields, expected {expected}: one is unknown or given twice.");
    }

    public Bytes32 Field(string name, in Bytes32 value)
    {
        Seek(name);
        var result = default(Bytes32);
        return IsPlainString() && Hex.TryDecode(Value(), result, LetterCase)
            ? result
            : throw Bad(name, $"0x and 64 {(_form == JsonForm.Written ? "lower-case " : "")}hexadecimal digits");
    }

    public Address Field(string name, in Address value)
    {
        Seek(name);
        return IsPlainString() && Address.TryParse(Value(), exact: _form == JsonForm.Written, out var result)
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

    private readonly HexCase LetterCase => _form == JsonForm.Written ? HexCase.Lower : HexCase.Any;

    private T Integer<T>(string name)
        where T : struct, IBinaryInteger<T>, IMinMaxValue<T>
    {
        Seek(name);
        var digits = Value();
        var writtenSo = IsPlainString() && digits is [(byte)'0'] or [not (byte)'0', ..];
        return (writtenSo || (_form == JsonForm.Any && _next.TokenType is JsonTokenType.String or JsonTokenType.Number))
            && T.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var result)
            ? result
            : throw Bad(name, $"a whole number from 0 to {T.MaxValue} as a string of decimal digits");
    }

    private readonly ReadOnlySpan<byte> Value() => _next.HasValueSequence ? _next.ValueSequence.ToArray() : _next.ValueSpan;

    /// <summary>A string whose bytes are its characters.</summary>
    private readonly bool IsPlainString() => _next.TokenType == JsonTokenType.String && !_next.ValueIsEscaped;

    /// <summary>Puts the reader on the named field's value.</summary>
    private void Seek(string name)
    {
        if (_inOrder && _next.Read() && _next.TokenType == JsonTokenType.PropertyName && _next.ValueTextEquals(name))
        {
            _next.Read();
            return;
        }

        _inOrder = false;
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

    private readonly FormatException Bad(string name, string expected) =>
        new($"The field '{name}' of {_typeName} is not {expected}.");
}
