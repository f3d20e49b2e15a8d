using OffLM.CardSimulator.Card;
using OffLM.CardSimulator.Fronts;
using OffLM.Edge.Signing.Cards;

namespace OffLM.Edge.Signing.Tests.Cards;

public sealed class SmartCardKeyTests
{
    private static readonly CancellationToken None = CancellationToken.None;

    [Theory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(false, false)]
    public async Task Signatures_are_low_recoverable_and_counted_whatever_the_cards_manners(bool pinForMany, bool highS)
    {
        var card = new SimulatedCard(new CardManners { HighS = highS });
        card.State.PinForMany = pinForMany;
        using var key = await card.OpenKeyAsync();
        Assert.Equal(card.Address, key.Address);
        Assert.Equal(KeyClass.SmartCard, key.Class);
        Assert.Equal("card:FFFE:00C0FFEE", key.Description);
        for (var i = 0u; i < 20; i++)
        {
            Assert.Equal(i, await key.ReadCounterAsync(None));
            var digest = Bytes32.Random();
            Assert.Equal(key.Address, (await key.SignAsync(digest, None)).Recover(digest));
        }
    }

    [Fact]
    public async Task A_card_that_was_unplugged_and_is_back_is_taken_up_where_it_was()
    {
        var card = new SimulatedCard();
        using var key = await card.OpenKeyAsync();
        var digest = Bytes32.Random();
        await key.SignAsync(digest, None);

        card.IsPluggedIn = false;
        card.Channel.Unplug = (1, false);
        Assert.Contains("plugged in", (await Assert.ThrowsAsync<KeyUnavailableException>(async () => await key.ReadCounterAsync(None))).Message, StringComparison.Ordinal);
        card.IsPluggedIn = true;
        Assert.Equal(1u, await key.ReadCounterAsync(None));
        Assert.Equal(key.Address, (await key.SignAsync(digest, None)).Recover(digest));
    }

    [Theory]
    [InlineData(false, 0u)]
    [InlineData(true, 1u)]
    public async Task After_an_unclear_failure_the_counter_tells_whether_a_signature_was_spent(bool carriedOut, uint counter)
    {
        var card = new SimulatedCard();
        using var key = await card.OpenKeyAsync();
        card.Channel.Unplug = (1, carriedOut);
        var failure = await Assert.ThrowsAsync<KeyUnavailableException>(async () => await key.SignAsync(Bytes32.Random(), None));
        Assert.IsType<CardGoneException>(failure.InnerException);
        Assert.Equal(counter, await key.ReadCounterAsync(None));
    }

    [Fact]
    public async Task A_card_that_lost_its_power_gets_its_PIN_again_and_signs_once()
    {
        var card = new SimulatedCard();
        using var key = await card.OpenKeyAsync();
        card.Application.Reset();
        Assert.Equal(0u, await key.ReadCounterAsync(None));
        card.State.PinForMany = false;
        await key.SignAsync(Bytes32.Random(), None);
        await key.SignAsync(Bytes32.Random(), None);
        Assert.Equal(2u, await key.ReadCounterAsync(None));
    }

    [Fact]
    public async Task A_wrong_PIN_is_presented_once_and_a_corrected_one_is_taken()
    {
        var card = new SimulatedCard { Pin = "000000" };
        using var pins = card.Pins();
        for (var i = 0; i < 5; i++)
        {
            await Assert.ThrowsAsync<KeyUnavailableException>(() => card.OpenKeyAsync(pins));
        }

        Assert.Equal(CardState.AllTries - 1, card.State.UserTries);
        card.Pin = SimulatedCard.UserPin;
        using var key = await card.OpenKeyAsync(pins);
        Assert.Equal(CardState.AllTries, card.State.UserTries);
    }

    [Fact]
    public async Task Without_a_PIN_the_key_says_where_to_put_it()
    {
        var card = new SimulatedCard { Pin = null };
        var message = (await Assert.ThrowsAsync<KeyUnavailableException>(() => card.OpenKeyAsync())).Message;
        Assert.Contains("offlm-key-pin", message, StringComparison.Ordinal);
        Assert.Contains("OFFLM_KEY_PIN", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("touch")]
    [InlineData("algorithm")]
    [InlineData("empty")]
    public async Task A_card_that_cannot_be_a_nodes_key_is_refused_with_advice_and_let_go(string why)
    {
        var card = new SimulatedCard();
        card.State.Touch = (byte)(why == "touch" ? 1 : 0);
        card.State.SignatureAlgorithm = why == "algorithm" ? [0x01, 0x08, 0x00] : card.State.SignatureAlgorithm;
        card.State.Secret = why == "empty" ? null : card.State.Secret;
        var message = (await Assert.ThrowsAsync<KeyUnavailableException>(() => card.OpenKeyAsync())).Message;
        Assert.Contains("offlm-edge key enroll", message, StringComparison.Ordinal);
        Assert.Throws<ObjectDisposedException>(() => card.Channel.Reset());
    }

    [Fact]
    public async Task A_signature_by_another_key_or_of_other_bytes_is_never_used()
    {
        var card = new SimulatedCard();
        using var key = await card.OpenKeyAsync();
        var forger = SimulatedKey.Generate();
        var digest = Bytes32.Random();
        card.Channel.Alter = answer => answer.Length == 66 ? [.. SimulatedKey.Sign(digest.ToArray(), forger, false), 0x90, 0x00] : answer;
        Assert.Contains("not by", (await Assert.ThrowsAsync<KeyUnavailableException>(async () => await key.SignAsync(digest, None))).Message, StringComparison.Ordinal);
        card.Channel.Alter = answer => answer.Length == 66 ? answer[1..] : answer;
        await Assert.ThrowsAsync<KeyUnavailableException>(async () => await key.SignAsync(digest, None));
    }

    [Fact]
    public async Task Another_card_in_its_place_is_not_taken_for_it()
    {
        var card = new SimulatedCard();
        using var key = await card.OpenKeyAsync();
        card.State.Secret = SimulatedKey.Generate();
        card.Channel.Unplug = (1, false);
        Assert.Contains(key.Address.ToString(), (await Assert.ThrowsAsync<KeyUnavailableException>(async () => await key.ReadCounterAsync(None))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Waiting_for_a_slow_card_can_be_given_up()
    {
        var card = new SimulatedCard(new CardManners { SigningTime = TimeSpan.FromSeconds(1) });
        using var key = await card.OpenKeyAsync();
        using var cancellation = new CancellationTokenSource(TimeSpan.FromMilliseconds(20));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await key.SignAsync(Bytes32.Random(), cancellation.Token));
        Assert.Equal(1u, await key.ReadCounterAsync(None));
    }
}
