using System.Globalization;
using System.Text;
using System.Text.Json;

namespace OffLM.Edge.Metering.Tests;

public sealed class CanonicalJsonTests
{
    /// <summary>RFC 8785, appendix B: IEEE 754 bits and the number as it must be written.</summary>
    public static TheoryData<string, string> Numbers => new()
    {
        { "0000000000000000", "0" },
        { "8000000000000000", "0" },
        { "0000000000000001", "5e-324" },
        { "8000000000000001", "-5e-324" },
        { "7fefffffffffffff", "1.7976931348623157e+308" },
        { "ffefffffffffffff", "-1.7976931348623157e+308" },
        { "4340000000000000", "9007199254740992" },
        { "c340000000000000", "-9007199254740992" },
        { "4430000000000000", "295147905179352830000" },
        { "44b52d02c7e14af5", "9.999999999999997e+22" },
        { "44b52d02c7e14af6", "1e+23" },
        { "44b52d02c7e14af7", "1.0000000000000001e+23" },
        { "444b1ae4d6e2ef4e", "999999999999999700000" },
        { "444b1ae4d6e2ef4f", "999999999999999900000" },
        { "444b1ae4d6e2ef50", "1e+21" },
        { "3eb0c6f7a0b5ed8c", "9.999999999999997e-7" },
        { "3eb0c6f7a0b5ed8d", "0.000001" },
        { "41b3de4355555553", "333333333.3333332" },
        { "41b3de4355555554", "333333333.33333325" },
        { "41b3de4355555555", "333333333.3333333" },
        { "41b3de4355555556", "333333333.3333334" },
        { "41b3de4355555557", "333333333.33333343" },
        { "becbf647612f3696", "-0.0000033333333333333333" },
        { "43143ff3c1cb0959", "1424953923781206.2" },
    };

    [Theory, MemberData(nameof(Numbers))]
    public void Numbers_are_written_as_in_the_RFC_s_table(string bits, string expected)
    {
        var number = BitConverter.Int64BitsToDouble(long.Parse(bits, NumberStyles.HexNumber, CultureInfo.InvariantCulture));
        Assert.Equal(expected, CanonicalJson.Format(number));
        Assert.Equal(number, double.Parse(expected, CultureInfo.InvariantCulture));
    }

    /// <summary>RFC 8785, section 3.2.2.</summary>
    [Fact]
    public void The_RFC_s_example_comes_out() => Assert.Equal(
        """{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}""",
        Canonical("""
            {
              "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
              "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
              "literals": [null, true, false]
            }
            """));

    /// <summary>RFC 8785, section 3.2.3: by UTF-16 code units, so the emoji comes before U+FB33.</summary>
    [Fact]
    public void Names_are_ordered_as_in_the_RFC() => Assert.Equal(
        "{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\u0080\":\"Control\",\"\u00f6\":\"Latin Small Letter O With Diaeresis\","
            + "\"\u20ac\":\"Euro Sign\",\"\ud83d\ude00\":\"Emoji: Grinning Face\",\"\ufb33\":\"Hebrew Letter Dalet With Dagesh\"}",
        Canonical("""
            {
              "\u20ac": "Euro Sign",
              "\r": "Carriage Return",
              "\ufb33": "Hebrew Letter Dalet With Dagesh",
              "1": "One",
              "\ud83d\ude00": "Emoji: Grinning Face",
              "\u0080": "Control",
              "\u00f6": "Latin Small Letter O With Diaeresis"
            }
            """));

    [Theory]
    [InlineData("""[[], {}, {"b": {"d": 1, "c": [2, 1]}, "a": ""}]""", """[[],{},{"a":"","b":{"c":[2,1],"d":1}}]""")]
    [InlineData("-0", "0")]
    [InlineData("100", "100")]
    [InlineData("-1.50e1", "-15")]
    [InlineData("\"\\b\\t\\n\\f\\r\\u0000\\u001f\\u007f\\/\"", "\"\\b\\t\\n\\f\\r\\u0000\\u001f\u007f/\"")]
    public void Space_and_needless_escapes_go_and_order_in_arrays_stays(string json, string expected) => Assert.Equal(expected, Canonical(json));

    [Fact]
    public void A_canonical_text_is_its_own_canonical_form()
    {
        var once = Canonical("""{"z":[1e3,0.1,"é"],"a":{"b":null}}""");
        Assert.Equal(once, Canonical(once));
    }

    [Theory]
    [InlineData("{\"a\":1,\"a\":2}")]
    [InlineData("{\"a\":1,\"\\u0061\":2}")]
    [InlineData("\"\\ud800\"")]
    [InlineData("{\"\\udc00\":1}")]
    [InlineData("1e400")]
    [InlineData("{")]
    [InlineData("1 2")]
    [InlineData("")]
    public void What_is_no_I_JSON_has_no_canonical_form(string json) => Assert.ThrowsAny<JsonException>(() => Canonical(json));

    private static string Canonical(string json) => Encoding.UTF8.GetString(CanonicalJson.Canonicalize(Encoding.UTF8.GetBytes(json).AsMemory()));
}
