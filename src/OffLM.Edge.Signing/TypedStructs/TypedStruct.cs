using System.Text.Json;

namespace OffLM.Edge.Signing.TypedStructs;

/// <summary>Hashing, JSON and storage of typed structures.</summary>
public static class TypedStruct
{
    /// <summary>keccak256(typeHash ‖ encodeData), EIP-712.</summary>
    public static Bytes32 Hash<T>(T value)
        where T : ITypedStruct<T>, new()
    {
        const int stackLimitWords = 32;
        var words = 1 + TypeDescription<T>.FieldCount;
        var buffer = words <= stackLimitWords ? stackalloc byte[stackLimitWords * 32] : new byte[words * 32];
        var hasher = new StructHasher(new StructEncoder(TypeDescription<T>.TypeHash, buffer[..(words * 32)]));
        T.Map(value, ref hasher);
        return hasher.Hash();
    }

    /// <summary>Writes the fields as a JSON object; integers as decimal strings, addresses in EIP-55.</summary>
    public static void WriteJson<T>(Utf8JsonWriter writer, T value)
        where T : ITypedStruct<T>, new()
    {
        writer.WriteStartObject();
        var mapper = new JsonFieldWriter(writer);
        T.Map(value, ref mapper);
        writer.WriteEndObject();
    }

    /// <summary>Reads a JSON object with exactly the type's fields, in any order. The reader stands on its start and is left on its end.</summary>
    /// <exception cref="FormatException">A field is missing, unknown, given twice or out of range; the message names it.</exception>
    /// <exception cref="JsonException">Not JSON.</exception>
    public static T ReadJson<T>(ref Utf8JsonReader reader, JsonForm form = JsonForm.Any)
        where T : ITypedStruct<T>, new()
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            throw new FormatException($"Expected {T.TypeName} as a JSON object, got {reader.TokenType}.");
        }

        var mapper = new JsonFieldReader(reader, T.TypeName, form);
        var value = T.Map(Blank<T>.Value, ref mapper);
        reader = mapper.End(TypeDescription<T>.FieldCount);
        return value;
    }

    /// <summary>Reads a JSON text that is one such object and nothing else; see <see cref="ReadJson{T}(ref Utf8JsonReader, JsonForm)"/>.</summary>
    /// <exception cref="FormatException">Not such an object.</exception>
    public static T ReadJson<T>(ReadOnlySpan<byte> utf8, JsonForm form = JsonForm.Any)
        where T : ITypedStruct<T>, new()
    {
        try
        {
            var reader = new Utf8JsonReader(utf8);
            reader.Read();
            var value = ReadJson<T>(ref reader, form);
            return reader.Read() ? throw new FormatException($"There is more after {T.TypeName}.") : value;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // InvalidOperationException: an escaped string that is no text, such as half a surrogate pair.
            throw new FormatException($"Expected {T.TypeName} as a JSON object: {e.Message}", e);
        }
    }

    /// <summary>The fields one after the other, big-endian, strings with their length: the form the ledger stores.</summary>
    public static byte[] ToBytes<T>(T value)
        where T : ITypedStruct<T>, new()
    {
        var mapper = new BinaryFieldWriter();
        T.Map(value, ref mapper);
        return mapper.ToArray();
    }

    /// <summary>Reads what <see cref="ToBytes"/> wrote.</summary>
    /// <exception cref="FormatException">Too short or too long.</exception>
    public static T FromBytes<T>(ReadOnlySpan<byte> bytes)
        where T : ITypedStruct<T>, new()
    {
        var mapper = new BinaryFieldReader(bytes);
        var value = T.Map(Blank<T>.Value, ref mapper);
        mapper.End();
        return value;
    }

    /// <summary>What a reading mapper is handed and does not look at.</summary>
    private static class Blank<T>
        where T : new()
    {
        public static readonly T Value = new();
    }
}
