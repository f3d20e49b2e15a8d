using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using OffLM.Edge.Signing;

namespace OffLM.Edge.Work.Callers;

/// <summary>Addresses as EIP-55 text.</summary>
public sealed class AddressJsonConverter : JsonConverter<Address>
{
    public override Address Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        Address.TryParse(reader.GetString(), out var address)
            ? address
            : throw new JsonException("Expected an address: 0x and 40 hexadecimal digits, all in one case or with a correct EIP-55 checksum.");

    public override void Write(Utf8JsonWriter writer, Address value, JsonSerializerOptions options) => writer.WriteStringValue(value.ToString());
}

/// <summary>Amounts of atto-OFFLM as decimal text: they exceed what JSON numbers carry safely.</summary>
public sealed class AttoJsonConverter : JsonConverter<UInt128>
{
    public override UInt128 Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.String && UInt128.TryParse(reader.GetString(), NumberStyles.None, CultureInfo.InvariantCulture, out var amount)
            ? amount
            : throw new JsonException("Expected a whole amount of atto-OFFLM as decimal digits in a string.");

    public override void Write(Utf8JsonWriter writer, UInt128 value, JsonSerializerOptions options) =>
        writer.WriteStringValue(value.ToString(CultureInfo.InvariantCulture));
}
