using System.Text.Json;
using System.Text.Json.Serialization;

namespace OffLM.Edge.Signing;

/// <summary>Web3 Secret Storage, version 3. Field names and hexadecimal without prefix are the format's;
/// ethers spells some names with a capital.</summary>
internal sealed record KeyFileDocument
{
    public int Version { get; init; }

    public string? Id { get; init; }

    public string? Address { get; init; }

    public CryptoSection? Crypto { get; init; }

    internal sealed record CryptoSection
    {
        public string? Cipher { get; init; }

        public string? Ciphertext { get; init; }

        public CipherParams? Cipherparams { get; init; }

        public string? Kdf { get; init; }

        public KdfParams? Kdfparams { get; init; }

        public string? Mac { get; init; }
    }

    internal sealed record CipherParams(string? Iv);

    internal sealed record KdfParams
    {
        public int Dklen { get; init; }

        public string? Salt { get; init; }

        [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
        public int C { get; init; }

        [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
        public string? Prf { get; init; }

        [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
        public int N { get; init; }

        [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
        public int R { get; init; }

        [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
        public int P { get; init; }
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, PropertyNameCaseInsensitive = true, WriteIndented = true)]
[JsonSerializable(typeof(KeyFileDocument))]
internal sealed partial class KeyFileJson : JsonSerializerContext;
