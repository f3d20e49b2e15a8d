namespace OffLM.Edge.Signing.Tests;

/// <summary>Expected hashes are from ethers.</summary>
public sealed class Keccak256Tests
{
    public static TheoryData<int, string> Patterns => new()
    {
        { 0, "0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470" },
        { 1, "0x69c322e3248a5dfc29d73c5b0553b0185a35cd5bb6386747517ef7e53b15e287" },
        { 135, "0x00ef96af9cf4b24c7f269d922294444a197d0a33638c2e56634c57e892103a8f" },
        { 136, "0x742061bcad767ed4c4f5883b1dcb1aad11afdcc140dc469d953759b127b9f9ed" },
        { 137, "0xe3371f61e770abf254c34239c3b0099ad90594507415bc81dd0a10b9692bbf2a" },
        { 271, "0x4401c4afbe16ff911bdbf2d38e556e5b861f3fdf0f9d4306b1c46f6ae4f73584" },
        { 272, "0xac141fd7b0a0ffcd2e967254d508da3ec616596493c36fa304425647d90e6de5" },
        { 1 << 20, "0xf2e34ac5feedafab149d3a2b3ed837fc240cc93748a48dd1cf739c1435b8af77" },
    };

    [Theory, MemberData(nameof(Patterns))]
    public void Known_answers_around_the_block_size(int length, string expected) => Assert.Equal(expected, Keccak256.Hash(Pattern(length)).ToString());

    [Fact]
    public void The_hash_of_abc_is_Ethereum_s_and_not_SHA3_s() =>
        Assert.Equal("0x4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45", Keccak256.Hash("abc"u8).ToString());

    [Fact]
    public void Appending_in_any_pieces_gives_the_hash_of_the_whole()
    {
        var random = new Random(7);
        for (var round = 0; round < 200; round++)
        {
            var data = Pattern(random.Next(0, 1000));
            var hash = new Keccak256();
            for (var rest = data.AsSpan(); !rest.IsEmpty;)
            {
                var piece = rest[..Math.Min(rest.Length, random.Next(0, 200))];
                hash.Append(piece);
                rest = rest[piece.Length..];
            }

            Assert.Equal(Keccak256.Hash(data), hash.Current());
        }
    }

    [Fact]
    public void A_stored_state_goes_on_where_it_was_at_every_length()
    {
        var data = Pattern(300);
        for (var split = 0; split <= data.Length; split++)
        {
            var first = new Keccak256();
            first.Append(data.AsSpan(0, split));
            var second = Keccak256.Restore(first.Save());
            second.Append(data.AsSpan(split));
            Assert.Equal(Keccak256.Hash(data), second.Current());
        }
    }

    [Fact]
    public void Asking_for_the_current_hash_changes_nothing()
    {
        var hash = new Keccak256();
        hash.Append("ab"u8);
        hash.Current();
        hash.Append("c"u8);
        Assert.Equal(Keccak256.Hash("abc"u8), hash.Current());
    }

    [Fact]
    public void Two_parts_hash_as_one() => Assert.Equal(Keccak256.Hash(Pattern(300)), Keccak256.Hash(Pattern(300).AsSpan(0, 33), Pattern(300).AsSpan(33)));

    [Fact]
    public void A_long_text_is_appended_as_its_UTF_8()
    {
        var text = string.Concat(Enumerable.Repeat("é漢🎉", 500));
        var hash = new Keccak256();
        hash.Append(text);
        Assert.Equal(Keccak256.Hash(System.Text.Encoding.UTF8.GetBytes(text)), hash.Current());
    }

    [Fact]
    public void What_is_no_stored_state_is_refused()
    {
        var state = new Keccak256().Save();
        Assert.Throws<ArgumentException>(() => Keccak256.Restore(state.AsSpan(1)));
        state[^1] = 136;
        Assert.Throws<ArgumentException>(() => Keccak256.Restore(state));
    }

    private static byte[] Pattern(int length) => [.. Enumerable.Range(0, length).Select(i => (byte)((i * 7) + 3))];
}
