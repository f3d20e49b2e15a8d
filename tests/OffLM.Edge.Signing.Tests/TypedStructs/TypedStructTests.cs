using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using OffLM.Edge.Signing.TypedStructs;

namespace OffLM.Edge.Signing.Tests.TypedStructs;

public sealed class TypedStructTests
{
    private static readonly Sample Value = new()
    {
        Hash = Keccak256.Hash("x"u8),
        Owner = Address.Parse("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"),
        Big = ulong.MaxValue,
        Middle = uint.MaxValue,
        Small = ushort.MaxValue,
        Tiny = byte.MaxValue,
        Amount = UInt128.MaxValue,
        Text = "é \" \\ 🎉",
    };

    [Fact]
    public void The_type_string_lists_the_fields_in_order() => Assert.Equal(
        "Sample(bytes32 hash,address owner,uint64 big,uint32 middle,uint16 small,uint8 tiny,uint128 amount,string text)",
        TypeDescription<Sample>.TypeString);

    [Fact]
    public void Json_reads_back_in_any_order_and_form()
    {
        Assert.Equal(Value, Read(Json()));
        Assert.Equal(Value, Read(Json(), JsonForm.Written));
        Assert.Equal(Value, Read(new JsonObject(Json().Reverse().Select(p => KeyValuePair.Create(p.Key, p.Value?.DeepClone())))));
        var tolerant = Json();
        tolerant["tiny"] = 255;
        tolerant["big"] = "0" + tolerant["big"];
        tolerant["owner"] = tolerant["owner"]!.ToString().ToLowerInvariant();
        tolerant["hash"] = "0x" + tolerant["hash"]!.ToString()[2..].ToUpperInvariant();
        Assert.Equal(Value, Read(tolerant));
    }

    [Theory]
    [InlineData("tiny", "255")]
    [InlineData("big", "\"01\"")]
    [InlineData("big", "\"1\\u0031\"")]
    [InlineData("owner", "\"0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed\"")]
    [InlineData("owner", "\"0X0000000000000000000000000000000000000000\"")]
    [InlineData("hash", "\"0xAA00000000000000000000000000000000000000000000000000000000000000\"")]
    [InlineData("hash", "\"0Xaa00000000000000000000000000000000000000000000000000000000000000\"")]
    public void Where_one_spelling_is_allowed_others_are_refused(string field, string json)
    {
        var changed = Json();
        changed[field] = JsonNode.Parse(json);
        var text = changed.ToJsonString();
        Assert.Contains($"'{field}'", Assert.Throws<FormatException>(() => TypedStruct.ReadJson<Sample>(Encoding.UTF8.GetBytes(text.Replace("\"11\"", json)), JsonForm.Written)).Message);
    }

    [Theory]
    [InlineData("hash", "\"0x00\"")]
    [InlineData("hash", "5")]
    [InlineData("hash", "null")]
    [InlineData("owner", "\"0x5aAeb6053F3E94C9b9A09f33669435E7Ef1Beaed\"")]
    [InlineData("owner", "{}")]
    [InlineData("big", "\"18446744073709551616\"")]
    [InlineData("big", "\"-1\"")]
    [InlineData("big", "\"\"")]
    [InlineData("big", "\" 1\"")]
    [InlineData("big", "\"+1\"")]
    [InlineData("big", "1.5")]
    [InlineData("big", "1e2")]
    [InlineData("middle", "\"4294967296\"")]
    [InlineData("small", "\"65536\"")]
    [InlineData("tiny", "\"256\"")]
    [InlineData("amount", "\"340282366920938463463374607431768211456\"")]
    [InlineData("amount", "[1]")]
    [InlineData("text", "5")]
    public void A_field_of_the_wrong_type_or_range_is_named(string field, string json)
    {
        var changed = Json();
        changed[field] = JsonNode.Parse(json);
        Assert.Contains($"'{field}'", Assert.Throws<FormatException>(() => Read(changed)).Message);
        Assert.Contains($"'{field}'", Assert.Throws<FormatException>(() => Read(changed, JsonForm.Written)).Message);
    }

    [Fact]
    public void A_missing_field_is_named()
    {
        foreach (var name in Json().Select(p => p.Key))
        {
            var changed = Json();
            changed.Remove(name);
            Assert.Contains($"'{name}'", Assert.Throws<FormatException>(() => Read(changed)).Message);
        }
    }

    [Fact]
    public void Unknown_and_repeated_fields_are_refused()
    {
        var unknown = Json();
        unknown["more"] = "1";
        Assert.Contains("9 fields, expected 8", Assert.Throws<FormatException>(() => Read(unknown)).Message);
        var twice = Json().ToJsonString().Replace("\"tiny\":", "\"tiny\":\"1\",\"tiny\":");
        Assert.Contains("9 fields, expected 8", Assert.Throws<FormatException>(() => TypedStruct.ReadJson<Sample>(Encoding.UTF8.GetBytes(twice))).Message);
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("\"x\"")]
    [InlineData("{")]
    [InlineData("{\"hash\":\"\\uD800\"}")]
    public void What_is_no_such_object_is_a_format_error(string text) =>
        Assert.Contains("Sample", Assert.Throws<FormatException>(() => TypedStruct.ReadJson<Sample>(Encoding.UTF8.GetBytes(text))).Message);

    [Fact]
    public void More_after_the_object_is_refused() =>
        Assert.Throws<FormatException>(() => TypedStruct.ReadJson<Sample>(Encoding.UTF8.GetBytes(Json().ToJsonString() + "{}")));

    [Fact]
    public void The_stored_form_reads_back_and_refuses_other_lengths()
    {
        var bytes = TypedStruct.ToBytes(Value);
        Assert.Equal(Value, TypedStruct.FromBytes<Sample>(bytes));
        Assert.Throws<FormatException>(() => TypedStruct.FromBytes<Sample>([.. bytes, 0]));
        for (var length = 0; length < bytes.Length; length++)
        {
            Assert.Throws<FormatException>(() => TypedStruct.FromBytes<Sample>(bytes.AsSpan(0, length)));
        }
    }

    private static Sample Read(JsonObject json, JsonForm form = JsonForm.Any) => TypedStruct.ReadJson<Sample>(Encoding.UTF8.GetBytes(json.ToJsonString()), form);

    private static JsonObject Json()
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream))
        {
            TypedStruct.WriteJson(writer, Value);
        }

        return JsonNode.Parse(stream.ToArray())!.AsObject();
    }
}
