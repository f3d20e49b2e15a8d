using System.Text.Json;
using OffLM.Edge.Signing;

namespace OffLM.Edge.Metering.Documents;

/// <summary>An EIP-712 domain as JSON, with the names and types that ethers and other libraries take.</summary>
internal static class DomainJson
{
    public static void Write(Utf8JsonWriter writer, TypedDomain domain)
    {
        writer.WriteStartObject();
        writer.WriteString("name", domain.Name);
        writer.WriteString("version", domain.Version);
        writer.WriteNumber("chainId", domain.ChainId);
        writer.WriteString("verifyingContract", domain.VerifyingContract.ToString());
        writer.WriteEndObject();
    }

    /// <summary>Reads exactly what <see cref="Write"/> writes.</summary>
    /// <exception cref="FormatException">A field is missing, unknown or wrong, or it is no domain of receipts.</exception>
    public static TypedDomain Read(ReadOnlySpan<byte> utf8)
    {
        var reader = new Utf8JsonReader(utf8);
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
        {
            throw new FormatException("The domain is not a JSON object.");
        }

        var name = Text(ref reader, "name");
        var version = Text(ref reader, "version");
        Seek(ref reader, "chainId", JsonTokenType.Number);
        if (!reader.TryGetUInt64(out var chainId))
        {
            throw new FormatException("The domain's chainId is not a whole number.");
        }

        var contract = Text(ref reader, "verifyingContract");
        if (!reader.Read() || reader.TokenType != JsonTokenType.EndObject)
        {
            throw new FormatException("The domain has more fields than name, version, chainId and verifyingContract.");
        }

        if (!Address.TryParse(contract, out var address) || address.ToString() != contract)
        {
            throw new FormatException("The domain's verifyingContract is not an address with a correct checksum.");
        }

        var domain = TypedDomain.Receipts(chainId, address);
        return name == domain.Name && version == domain.Version
            ? domain
            : throw new FormatException($"The domain is not '{domain.Name}' version '{domain.Version}': these are no receipts, or of a version that this program doesn't know.");
    }

    private static string Text(ref Utf8JsonReader reader, string name)
    {
        Seek(ref reader, name, JsonTokenType.String);
        return reader.GetString()!;
    }

    private static void Seek(ref Utf8JsonReader reader, string name, JsonTokenType type)
    {
        if (!reader.Read() || reader.TokenType != JsonTokenType.PropertyName || !reader.ValueTextEquals(name) || !reader.Read() || reader.TokenType != type)
        {
            throw new FormatException($"The domain's next field is not '{name}' as a {type}; expected name, version, chainId (a number) and verifyingContract, in this order.");
        }
    }
}
