using System.Text;

namespace OffLM.Edge.Signing.Tests;

public sealed class AddressTests
{
    /// <summary>The examples of EIP-55.</summary>
    public static TheoryData<string> Checksummed =>
    [
        "0x52908400098527886E0F7030069857D2E4169EE7",
        "0x8617E340B3D01FA5F11F306F4090FD50E238070D",
        "0xde709f2102306220921060314715629080e2fb77",
        "0x27b1fdb04752bbc536007a920d24acb045561c26",
        "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
        "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
        "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
        "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
        "0x0000000000000000000000000000000000000000",
    ];

    [Theory, MemberData(nameof(Checksummed))]
    public void An_address_is_written_with_its_checksum(string text)
    {
        Assert.Equal(text, Address.Parse(text).ToString());
        Assert.Equal(text, Address.Parse(text.ToLowerInvariant()).ToString());
        Assert.Equal(text, Address.Parse("0x" + text[2..].ToUpperInvariant()).ToString());
        Assert.Equal(text.ToLowerInvariant(), Address.Parse(text).ToLowerString());
    }

    [Theory, MemberData(nameof(Checksummed))]
    public void Only_the_exact_spelling_passes_where_a_document_must_have_one(string text)
    {
        Assert.True(Address.TryParse(Encoding.UTF8.GetBytes(text), exact: true, out var address));
        Assert.Equal(text, address.ToString());
        foreach (var i in Enumerable.Range(0, text.Length).Where(i => char.IsAsciiLetter(text[i])))
        {
            var other = text.ToCharArray();
            other[i] = (char)(other[i] ^ 0x20);
            Assert.False(Address.TryParse(Encoding.UTF8.GetBytes(other), exact: true, out _));
        }
    }

    [Theory]
    [InlineData("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1Beaed")]
    [InlineData("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAe")]
    [InlineData("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAedd")]
    [InlineData("5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed")]
    [InlineData("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeg")]
    [InlineData("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAé")]
    [InlineData("")]
    public void What_is_no_address_or_has_a_wrong_checksum_is_refused(string text)
    {
        Assert.False(Address.TryParse(text, out var value));
        Assert.True(value.IsZero);
        Assert.False(Address.TryParse(Encoding.UTF8.GetBytes(text), exact: false, out _));
        Assert.Contains("EIP-55", Assert.Throws<FormatException>(() => Address.Parse(text)).Message);
    }

    [Fact]
    public void Bytes_of_another_length_are_refused()
    {
        Assert.Contains("19", Assert.Throws<ArgumentException>(() => new Address(new byte[19])).Message);
        Assert.Contains("65", Assert.Throws<ArgumentException>(() => Address.OfPublicKey(new byte[65])).Message);
    }
}
