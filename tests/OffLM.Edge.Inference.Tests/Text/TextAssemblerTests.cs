using System.Text;

namespace OffLM.Edge.Inference.Tests.Text;

public sealed class TextAssemblerTests
{
    [Fact]
    public void Without_stop_sequences_every_token_comes_at_once()
    {
        var text = new TextAssembler([]);

        Assert.Equal(new GenerationPiece("ab", 1), text.Append("ab", null));
        Assert.Equal(new GenerationPiece("c", 1), text.Append("c", null));
    }

    [Fact]
    public void A_stop_sequence_across_tokens_is_cut_and_its_tokens_are_not_counted()
    {
        var text = new TextAssembler(["\nUser:"]);

        Assert.Equal(new GenerationPiece("Hi", 1), text.Append("Hi", null));
        Assert.Equal(new GenerationPiece("", 0), text.Append("\n", null));
        Assert.Equal(new GenerationPiece("", 0), text.Append("Us", null));
        Assert.Equal(new GenerationPiece("", 0), text.Append("er: more", null));
        Assert.Equal("\nUser:", text.StopSequence);
    }

    [Fact]
    public void Text_that_turns_out_not_to_be_a_stop_sequence_comes_later_with_its_tokens()
    {
        var text = new TextAssembler(["\nUser:"]);

        Assert.Equal(new GenerationPiece("", 0), text.Append("\n", null));
        Assert.Equal(new GenerationPiece("\nUsual", 2), text.Append("Usual", null));
    }

    [Fact]
    public void Held_text_comes_at_the_end()
    {
        var text = new TextAssembler(["stop"]);

        Assert.Equal(new GenerationPiece("x", 0), text.Append("xst", null));
        Assert.Equal(new GenerationPiece("st", 1), text.Finish());
    }

    [Fact]
    public void A_token_whose_text_begins_before_the_stop_sequence_counts()
    {
        var text = new TextAssembler(["\n\n"]);

        Assert.Equal(new GenerationPiece("end.", 1), text.Append("end.\n\n", null));
    }

    [Fact]
    public void Tokens_of_one_character_count_when_it_is_complete()
    {
        var text = new TextAssembler([]);

        Assert.Equal(0, text.Append("", null).Tokens);
        Assert.Equal(0, text.Append("", null).Tokens);
        Assert.Equal(new GenerationPiece("🎉", 3), text.Append("🎉", null));
    }

    [Fact]
    public void Log_probabilities_come_with_the_tokens_they_belong_to()
    {
        var text = new TextAssembler(["ab"]);
        TokenLogprob Entry(string token) => new(token, [], -1, []);

        Assert.Null(text.Append("a", Entry("a")).Logprobs);
        Assert.Equal(["a", "c"], text.Append("c", Entry("c")).Logprobs!.Select(l => l.Text));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Whatever_the_splits_the_pieces_are_the_text_up_to_the_first_stop_sequence(int seed)
    {
        var random = new Random(seed);
        for (var round = 0; round < 3000; round++)
        {
            // Few letters make stop sequences and their beginnings frequent.
            string RandomText(int length) => string.Concat(Enumerable.Range(0, length).Select(_ => random.Next(4) switch { 0 => "a", 1 => "b", 2 => "é", _ => "😀" }));
            var whole = RandomText(random.Next(40));
            var stops = Enumerable.Range(0, random.Next(4)).Select(_ => RandomText(random.Next(1, 5))).ToList();
            var assembler = new TextAssembler(stops);
            var sent = new StringBuilder();
            var tokens = 0;
            void Take(GenerationPiece piece)
            {
                sent.Append(piece.Text);
                tokens += piece.Tokens;
                Assert.DoesNotContain('\uFFFD', Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(piece.Text ?? "")));
            }

            var ends = new List<int>();
            for (var at = 0; at < whole.Length && assembler.StopSequence is null;)
            {
                var length = random.Next(4) == 0 ? 0 : Math.Min(whole.Length - at, random.Next(1, 6));
                length += at + length < whole.Length && char.IsLowSurrogate(whole[at + length]) ? 1 : 0;
                Take(assembler.Append(whole.Substring(at, length), null));
                at += length;
                ends.Add(length == 0 ? -1 : at);
            }

            Take(assembler.Finish());
            var cut = FirstStop(whole, stops, ends);
            Assert.Equal(whole[..cut], sent.ToString());
            Assert.Equal(CountTokens(ends, cut), tokens);
        }
    }

    /// <summary>Where the text ends: with the first token that completes any stop sequence, at the first one that is then complete.</summary>
    private static int FirstStop(string whole, List<string> stops, List<int> ends)
    {
        foreach (var end in ends.Where(e => e >= 0))
        {
            var found = stops.Select(s => whole[..end].IndexOf(s, StringComparison.Ordinal)).Where(i => i >= 0).DefaultIfEmpty(-1).Min();
            if (found >= 0)
            {
                return found;
            }
        }

        return whole.Length;
    }

    /// <summary>A token counts if some of its text was sent; one without text counts with the next that has some.</summary>
    private static int CountTokens(List<int> ends, int cut)
    {
        var (counted, waiting, begin) = (0, 0, 0);
        foreach (var end in ends)
        {
            waiting++;
            if (end >= 0)
            {
                counted += begin < cut ? waiting : 0;
                (waiting, begin) = (0, end);
            }
        }

        return counted;
    }
}
