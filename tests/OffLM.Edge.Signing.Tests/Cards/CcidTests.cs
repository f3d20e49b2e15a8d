using OffLM.CardSimulator.Card;
using OffLM.CardSimulator.Fronts;
using OffLM.Edge.Signing.Cards;
using OffLM.Edge.Signing.Cards.Ccid;
using OffLM.Edge.Signing.Cards.OpenPgp;
using OffLM.Edge.Tests.Shared;

namespace OffLM.Edge.Signing.Tests.Cards;

/// <summary>The same card through USB messages, with everything that goes wrong on a bus.</summary>
public sealed class CcidTests
{
    private static readonly Bytes32 Digest = new(Enumerable.Range(1, 32).Select(i => (byte)i).ToArray());

    private readonly ManualTime _time = new();
    private readonly CardState _state = SimulatedCard.Enrolled();
    private CcidManners _manners = new();
    private SimulatedPipe _pipe = null!;

    public static TheoryData<uint, int, int, int> Readers => new()
    {
        { CcidManners.ExtendedApdu, 3072, int.MaxValue, int.MaxValue },
        { CcidManners.ExtendedApdu, 271, 100, int.MaxValue },
        { CcidManners.ExtendedApdu, 3072, 1, int.MaxValue },
        { CcidManners.ExtendedApdu, 3072, int.MaxValue, 512 },
        { CcidManners.ShortApdu, 271, int.MaxValue, int.MaxValue },
        { CcidManners.ShortApdu, 271, int.MaxValue, 7 },
    };

    [Theory]
    [MemberData(nameof(Readers))]
    public void A_card_signs_through_readers_of_each_kind(uint level, int maxMessage, int answerPart, int transferSize)
    {
        _manners = new CcidManners { Level = level, MaxMessage = maxMessage, AnswerPart = answerPart };
        using var card = Connect(pipe => pipe.TransferSize = transferSize);
        AssertSigns(card);
    }

    [Fact]
    public void A_long_command_is_passed_on_in_parts_where_the_reader_takes_less()
    {
        _manners = new CcidManners { MaxMessage = 271 };
        using var channel = ConnectChannel();
        Assert.Equal([0x90, 0x00], channel.Transmit([0x00, 0xA4, 0x04, 0x00, 0x06, 0xD2, 0x76, 0x00, 0x01, 0x24, 0x01], TimeSpan.FromSeconds(1)));
        Assert.Equal([0x69, 0x82], channel.Transmit([0x00, 0xDA, 0x01, 0x01, 0x00, 0x07, 0xD0, .. new byte[2000]], TimeSpan.FromSeconds(1)));
        Assert.Equal(9, _pipe.Sent.Count(m => m[0] == CcidMessage.XfrBlock));
    }

    [Fact]
    public void A_card_that_asks_for_time_gets_it()
    {
        _manners = new CcidManners { TimeExtensions = 20 };
        using var card = Connect();
        AssertSigns(card);
    }

    [Fact]
    public void A_card_that_asks_for_time_without_end_is_given_up_when_patience_ends()
    {
        using var channel = ConnectChannel();
        _pipe.Alter = answer =>
        {
            _time.Advance(TimeSpan.FromMilliseconds(300));
            return [[.. answer[..7], 0x80, .. answer[8..]]];
        };
        _pipe.Waited = _time.Advance;
        Assert.Throws<CardGoneException>(() => channel.Transmit([0, 0xCA, 0, 0x6E, 0], TimeSpan.FromSeconds(1)));
    }

    [Fact]
    public void A_message_that_fills_whole_packets_ends_without_an_empty_one_and_with()
    {
        using var channel = ConnectChannel();
        foreach (var withEmpty in (bool[])[false, true])
        {
            byte[] answer = [.. Enumerable.Repeat((byte)7, 500), 0x90, 0x00];
            byte[][] none = [];
            _pipe.Alter = sent => [[0x80, 0xF6, 1, 0, 0, 0, sent[6], 0, 0, 0, .. answer], .. withEmpty ? [[]] : none];
            Assert.Equal(answer, channel.Transmit([0, 0xCA, 0, 0x6E, 0], TimeSpan.FromSeconds(1)));
        }
    }

    [Fact]
    public void Answers_to_earlier_messages_are_passed_over_by_their_numbers()
    {
        using var card = Connect(pipe => pipe.Alter = answer => [[.. answer[..6], (byte)(answer[6] - 3), .. answer[7..]], [.. answer[..5], 1, .. answer[6..]], answer]);
        AssertSigns(card);
    }

    [Fact]
    public void A_reader_that_only_answers_earlier_messages_is_given_up()
    {
        using var channel = ConnectChannel();
        _pipe.Alter = answer => Enumerable.Repeat<byte[]>([.. answer[..6], (byte)(answer[6] - 1), .. answer[7..]], 40);
        Assert.Throws<CardGoneException>(() => channel.Transmit([0, 0xCA, 0, 0x6E, 0], TimeSpan.FromSeconds(1)));
    }

    [Fact]
    public void A_reader_that_was_left_in_the_middle_is_brought_back_with_an_abort()
    {
        var silent = 1;
        using var card = Connect(pipe => pipe.Alter = answer => silent-- > 0 ? [] : [answer]);
        AssertSigns(card);
        Assert.Single(_pipe.Aborts);
        Assert.Equal(_pipe.Sent.First(m => m[0] == CcidMessage.Abort)[6], _pipe.Aborts[0]);
    }

    [Fact]
    public void A_reader_that_takes_nothing_before_its_last_answer_is_fetched_is_relieved_of_it_at_once()
    {
        using var card = Connect(pipe =>
        {
            pipe.HoldsBack = true;
            pipe.Waited = _time.Advance;
            pipe.Owe([0x80, 2, 0, 0, 0, 0, 77, 0, 0, 0, 0x90, 0x00]);
        });
        AssertSigns(card);
        Assert.InRange(_time.GetElapsedTime(new ManualTime().GetTimestamp()), TimeSpan.Zero, TimeSpan.FromMilliseconds(100));
    }

    [Fact]
    public void An_endpoint_that_stalls_is_cleared_when_the_reader_is_taken_up_anew()
    {
        using var card = Connect(pipe => pipe.StallAt = 1);
        AssertSigns(card);
    }

    [Fact]
    public void A_stall_in_the_middle_ends_the_exchange()
    {
        using var channel = ConnectChannel(pipe => pipe.StallAt = 5);
        Assert.Throws<CardGoneException>(() => channel.Transmit([0, 0xCA, 0, 0x6E, 0], TimeSpan.FromSeconds(1)));
    }

    [Fact]
    public void A_reader_that_never_answers_is_named_with_what_to_do()
    {
        var message = Assert.Throws<CardGoneException>(() => ConnectChannel(pipe => pipe.Alter = _ => [])).Message;
        Assert.Contains("Unplug it and plug it in again", message, StringComparison.Ordinal);
        Assert.True(_pipe.IsDisposed);
    }

    [Theory]
    [InlineData(CcidManners.Tpdu, "TPDU level, T=1")]
    [InlineData(0u, "single characters")]
    [InlineData(0x60000u, "dwFeatures")]
    public void A_reader_that_takes_no_whole_commands_is_refused_with_the_reason(uint level, string reason)
    {
        _manners = new CcidManners { Level = level };
        var message = Assert.Throws<CardException>(() => ConnectChannel()).Message;
        Assert.Contains(reason, message, StringComparison.Ordinal);
        Assert.Contains("APDU level", message, StringComparison.Ordinal);
        Assert.True(_pipe.IsDisposed);
    }

    [Fact]
    public void An_empty_reader_is_named() =>
        Assert.Contains("no card in the reader", Assert.Throws<CardException>(() => ConnectChannel(pipe => pipe.Alter = a => [[.. a[..7], 2, .. a[8..]]])).Message, StringComparison.Ordinal);

    [Fact]
    public void A_card_that_is_taken_out_of_its_reader_is_gone()
    {
        using var channel = ConnectChannel();
        _pipe.Alter = a => [[.. a[..7], 0x42, 0xFE, .. a[9..]]];
        Assert.Contains("taken out", Assert.Throws<CardGoneException>(() => channel.Transmit([0, 0xCA, 0, 0x6E, 0], TimeSpan.FromSeconds(1))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_reader_without_automatic_voltage_is_led_to_the_right_one()
    {
        _manners = new CcidManners { ChoosesVoltage = false };
        using var card = Connect();
        AssertSigns(card);
    }

    /// <summary>The promise of a signature that is spent or not, at each byte of the exchange.</summary>
    [Fact]
    public void Unplugged_after_any_byte_of_a_signature_the_counter_tells_what_became_of_it()
    {
        int begin, end;
        using (var card = Connect())
        {
            card.VerifySigningPin("134679"u8);
            begin = _pipe.Bytes;
            _ = card.Sign(Digest);
            end = _pipe.Bytes;
        }

        var (spent, unspent) = (0, 0);
        for (var bytes = begin; bytes < end; bytes++)
        {
            var before = _state.Counter;
            using (var card = Connect(pipe => pipe.UnplugAfter = bytes))
            {
                card.VerifySigningPin("134679"u8);
                Assert.Throws<CardGoneException>(() => card.Sign(Digest));
            }

            using var again = Connect();
            var counter = again.ReadSignatureCounter();
            Assert.Equal(_state.Counter, counter);
            Assert.InRange(counter, before, before + 1);
            (spent, unspent) = counter == before ? (spent, unspent + 1) : (spent + 1, unspent);
        }

        // What was not wholly sent was not carried out, and the rest was.
        Assert.Equal(10 + 7 + 32 + 2, unspent);
        Assert.Equal(10 + 64 + 2, spent);
    }

    [Fact]
    public void The_class_descriptor_is_found_among_others_and_bounds_what_a_mad_reader_says()
    {
        var descriptor = new CcidManners { MaxMessage = 3072 }.Descriptor();
        Assert.Equal(3072, CcidDescriptor.Parse([3, 0x24, 0, .. descriptor])!.MaxMessage);
        Assert.Null(CcidDescriptor.Parse([]));
        Assert.Null(CcidDescriptor.Parse(descriptor.AsSpan(0, 53)));
        Assert.Null(CcidDescriptor.Parse([0, 0x21, 0, 0]));
        Assert.Equal(271, CcidDescriptor.Parse(new CcidManners { MaxMessage = 1 }.Descriptor())!.MaxMessage);
        Assert.Equal(65554, CcidDescriptor.Parse(new CcidManners { MaxMessage = int.MaxValue }.Descriptor())!.MaxMessage);
    }

    private static void AssertSigns(OpenPgpCard card)
    {
        card.VerifySigningPin("134679"u8);
        var before = card.ReadSignatureCounter();
        Assert.Equal(64, card.Sign(Digest).Length);
        Assert.Equal(before + 1, card.ReadSignatureCounter());
    }

    private OpenPgpCard Connect(Action<SimulatedPipe>? prepare = null) => OpenPgpCard.Select(ConnectChannel(prepare));

    private CcidChannel ConnectChannel(Action<SimulatedPipe>? prepare = null)
    {
        var card = new CardApplication(_state, new CardManners { ExtendedLength = _manners.Level == CcidManners.ExtendedApdu });
        _pipe = new SimulatedPipe(new CcidDevice(card, _manners));
        prepare?.Invoke(_pipe);
        return CcidChannel.Connect(_pipe, CcidDescriptor.Parse(_manners.Descriptor())!, _time);
    }
}
