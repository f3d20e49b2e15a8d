using OffLM.Edge.Signing.TypedStructs;

namespace OffLM.Edge.Signing.Tests.TypedStructs;

public sealed class StructEncoderTests
{
    [Fact]
    public void Every_field_fills_a_word_from_the_right()
    {
        var words = new byte[5 * 32];
        Array.Fill(words, (byte)0xEE);
        var encoder = new StructEncoder(Bytes32.Zero, words);
        encoder.Add(0x0102UL);
        encoder.Add(UInt128.MaxValue);
        encoder.Add(new Address(Enumerable.Repeat((byte)7, 20).ToArray()));
        encoder.Add(Keccak256.Hash("x"u8));
        Assert.Equal(Keccak256.Hash(words), encoder.Hash());
        Assert.Equal(
            new string('0', 64) + new string('0', 60) + "0102" + new string('0', 32) + new string('f', 32) + new string('0', 24) + string.Concat(Enumerable.Repeat("07", 20)),
            Convert.ToHexStringLower(words.AsSpan(0, 4 * 32)));
    }

    [Fact]
    public void A_structure_with_too_few_fields_has_no_hash()
    {
        var message = Assert.Throws<InvalidOperationException>(() =>
        {
            var encoder = new StructEncoder(Bytes32.Zero, new byte[3 * 32]);
            encoder.Add(1UL);
            encoder.Hash();
        }).Message;
        Assert.Contains("3 words", message);
        Assert.Contains("2 were given", message);
    }

    [Fact]
    public void A_field_too_many_is_refused() => Assert.Throws<InvalidOperationException>(() =>
    {
        var encoder = new StructEncoder(Bytes32.Zero, new byte[2 * 32]);
        encoder.Add(1UL);
        encoder.Add(1UL);
    });
}
