using OffLM.Edge.Signing.Cards;
using OffLM.Edge.Signing.Cards.Apdu;

namespace OffLM.Edge.Signing.Tests.Cards;

public sealed class ApduExchangeTests
{
    [Theory]
    [InlineData(0, 0, false, "00CA006E")]
    [InlineData(0, CommandApdu.Any, false, "00CA006E00")]
    [InlineData(0, 32, false, "00CA006E20")]
    [InlineData(2, 0, false, "00CA006E020000")]
    [InlineData(2, CommandApdu.Any, false, "00CA006E02000000")]
    [InlineData(0, CommandApdu.Any, true, "00CA006E000000")]
    [InlineData(2, CommandApdu.Any, true, "00CA006E00000200000000")]
    [InlineData(2, 0, true, "00CA006E0000020000")]
    [InlineData(2, 8, true, "00CA006E00000200000008")]
    public void Commands_are_written_in_each_case_of_ISO_7816(int data, int expected, bool extended, string hex) =>
        Assert.Equal(hex, Convert.ToHexString(new CommandApdu(0xCA, 0x00, 0x6E) { Data = new byte[data], Expected = expected }.Encode(extended)));

    [Fact]
    public void A_long_answer_is_gathered_with_get_response()
    {
        var channel = new Script("0102 6102", "0304 6101", "05 9000");
        var response = new ApduExchange(channel).Send(new CommandApdu(0xCA, 0, 0x6E) { Expected = CommandApdu.Any });
        Assert.Equal("0102030405", Convert.ToHexString(response.Data));
        Assert.True(response.IsOk);
        Assert.Equal(["00CA006E00", "00C0000002", "00C0000001"], channel.Commands);
    }

    [Fact]
    public void A_card_that_names_the_right_length_is_asked_again_with_it()
    {
        var channel = new Script("6C03", "010203 9000");
        Assert.Equal("010203", Convert.ToHexString(new ApduExchange(channel).Send(new CommandApdu(0xCA, 0, 0xC4) { Expected = CommandApdu.Any }).Data));
        Assert.Equal(["00CA00C400", "00CA00C403"], channel.Commands);
    }

    [Fact]
    public void A_long_command_becomes_a_chain_where_lengths_are_short()
    {
        var channel = new Script("9000", "9000");
        Assert.True(new ApduExchange(channel).Send(new CommandApdu(0xDA, 1, 1) { Data = new byte[300] }).IsOk);
        Assert.Equal("10DA0101FF", channel.Commands[0][..10]);
        Assert.Equal("00DA01012D", channel.Commands[1][..10]);
    }

    [Fact]
    public void A_long_command_stays_whole_where_card_and_reader_take_it()
    {
        var channel = new Script("9000");
        var exchange = new ApduExchange(channel);
        exchange.AdoptCapabilities(extended: true, maxCommand: 2048);
        Assert.True(exchange.Send(new CommandApdu(0xDA, 1, 1) { Data = new byte[300] }).IsOk);
        Assert.Equal("00DA010100012C", channel.Commands.Single()[..14]);
    }

    [Fact]
    public void An_answer_without_status_or_without_end_ends_the_exchange()
    {
        Assert.Throws<CardGoneException>(() => new ApduExchange(new Script("90")).Send(new CommandApdu(0xCA, 0, 0x6E)));
        Assert.Throws<CardGoneException>(() => new ApduExchange(new Script("01 6100", "6100")).Send(new CommandApdu(0xCA, 0, 0x6E) { Expected = CommandApdu.Any }));
        Assert.Throws<CardGoneException>(() => new ApduExchange(new Script([.. Enumerable.Repeat(new string('0', 512) + "6100", 300)])).Send(
            new CommandApdu(0xCA, 0, 0x6E) { Expected = CommandApdu.Any }));
    }

    [Theory]
    [InlineData("5A0102 8101FF", 0x5A, true)]
    [InlineData("7F490401020304", 0x7F49, true)]
    [InlineData("5A05FF", 0x5A, false)]
    [InlineData("5A", 0x5A, false)]
    [InlineData("5A80", 0x5A, false)]
    [InlineData("5A83000001FF", 0x5A, false)]
    [InlineData("7F", 0x7F49, false)]
    [InlineData("7F8101", 0x7F49, false)]
    [InlineData("", 0x5A, false)]
    public void Data_objects_are_found_or_not(string hex, ushort tag, bool found) =>
        Assert.Equal(found, BerTlv.TryFind(Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal)), tag, out _));

    [Theory]
    [InlineData(0)]
    [InlineData(127)]
    [InlineData(128)]
    [InlineData(255)]
    [InlineData(256)]
    [InlineData(40000)]
    public void Data_objects_of_each_length_are_read_as_they_were_written(int length)
    {
        var value = Enumerable.Range(0, length).Select(i => (byte)i).ToArray();
        Assert.True(BerTlv.TryFind([.. BerTlv.Write(0x5A, [1]), .. BerTlv.Write(0x7F49, value)], 0x7F49, out var read));
        Assert.True(read.SequenceEqual(value));
    }

    /// <summary>Answers as it was told, whatever is asked.</summary>
    private sealed class Script(params string[] answers) : ICardChannel
    {
        private int _next;

        public List<string> Commands { get; } = [];

        public string Description => "a script";

        public int MaxCommandLength => 3072;

        public bool ExtendedLength => true;

        public byte[] Reset() => [];

        public byte[] Transmit(ReadOnlySpan<byte> command, TimeSpan patience)
        {
            Commands.Add(Convert.ToHexString(command));
            return Convert.FromHexString(answers[_next++].Replace(" ", "", StringComparison.Ordinal));
        }

        public void Dispose()
        {
        }
    }
}
