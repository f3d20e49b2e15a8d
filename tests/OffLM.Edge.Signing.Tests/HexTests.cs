using System.Text;

namespace OffLM.Edge.Signing.Tests;

public sealed class HexTests
{
    [Fact]
    public void Thirty_two_bytes_read_back_as_written()
    {
        var value = Bytes32.Random();
        Assert.Equal(value, Bytes32.Parse(value.ToString()));
        Assert.Equal(value, Bytes32.Parse("0X" + value.ToString()[2..].ToUpperInvariant()));
        Assert.Equal(value, new Bytes32(value.ToArray()));
        Assert.False(value.IsZero);
        Assert.True(Bytes32.Zero.IsZero);
    }

    [Theory]
    [InlineData("")]
    [InlineData("0x")]
    [InlineData("0x00")]
    [InlineData("0000000000000000000000000000000000000000000000000000000000000000")]
    [InlineData("0x000000000000000000000000000000000000000000000000000000000000000")]
    [InlineData("0x00000000000000000000000000000000000000000000000000000000000000000")]
    [InlineData("0xff0000000000000000000000000000000000000000000000000000000000000g")]
    [InlineData("1x0000000000000000000000000000000000000000000000000000000000000000")]
    public void What_is_no_32_bytes_is_refused_and_leaves_nothing(string text)
    {
        Assert.False(Bytes32.TryParse(text, out var value));
        Assert.True(value.IsZero);
        Assert.Throws<FormatException>(() => Bytes32.Parse(text));
    }

    [Fact]
    public void Bytes_of_another_length_are_refused() => Assert.Contains("31", Assert.Throws<ArgumentException>(() => new Bytes32(new byte[31])).Message);

    [Theory]
    [InlineData("")]
    [InlineData("0")]
    [InlineData("abcd")]
    [InlineData("0xabc")]
    [InlineData("0xab c")]
    [InlineData("0xzz")]
    public void Decoding_refuses_what_is_no_hexadecimal(string text) => Assert.Throws<FormatException>(() => Hex.Decode(text));

    [Fact]
    public void Decoding_takes_any_even_number_of_digits()
    {
        Assert.Empty(Hex.Decode("0x"));
        Assert.Equal([0xAB, 0xCD], Hex.Decode("0xABcd"));
    }

    [Theory]
    [InlineData("0xabcd", true, true)]
    [InlineData("0xABcd", true, false)]
    [InlineData("0Xabcd", true, false)]
    [InlineData("0xabc/", false, false)]
    [InlineData("0xab:d", false, false)]
    [InlineData("0xabcg", false, false)]
    [InlineData("0xab", false, false)]
    [InlineData("0xab\u00e9", false, false)]
    public void UTF_8_is_read_in_either_case_or_in_lower_case_only(string text, bool any, bool lower)
    {
        var bytes = new byte[2];
        Assert.Equal(any, Hex.TryDecode(Encoding.UTF8.GetBytes(text), bytes, HexCase.Any));
        Assert.Equal(lower, Hex.TryDecode(Encoding.UTF8.GetBytes(text), bytes, HexCase.Lower));
    }
}
