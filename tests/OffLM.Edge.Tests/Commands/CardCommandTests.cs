using OffLM.CardSimulator.Card;
using OffLM.CardSimulator.Fronts;
using OffLM.Edge.Commands;
using OffLM.Edge.Commands.Keys;
using OffLM.Edge.Configuration;
using OffLM.Edge.Hosting;
using OffLM.Edge.Metering;
using OffLM.Edge.Signing;
using OffLM.Edge.Signing.Cards;
using OffLM.Edge.Tests.Harness;

namespace OffLM.Edge.Tests.Commands;

/// <summary>The dialogue of <c>key enroll|pin|test</c> and what <c>doctor</c> says, with a simulated card in place of USB.</summary>
public sealed class CardCommandTests : IDisposable
{
    private readonly Scratch _scratch = new();
    private readonly SimulatedCard _fresh = new(state: new CardState());
    private readonly StringWriter _said = new();

    public void Dispose()
    {
        _scratch.Dispose();
        _said.Dispose();
    }

    [Fact]
    public async Task A_fresh_card_is_enrolled_in_one_dialogue_and_then_signs()
    {
        var enrolled = Enroll(_fresh, default, "yes", "", "134679", "134679", "24681357", "24681357");
        Assert.Equal(("card:FFFE:00C0FFEE", _fresh.Address, 1u, false), (enrolled.Uri, enrolled.Address, enrolled.Counter, enrolled.HasFactoryPin));
        Assert.Equal(("134679", "24681357", true), (_fresh.State.UserPin, _fresh.State.AdminPin, _fresh.State.PinForMany));
        Assert.Contains("never leaves it", _said.ToString(), StringComparison.Ordinal);
        using var key = await _fresh.OpenKeyAsync();
        Assert.Equal(enrolled.Address, key.Address);
    }

    [Fact]
    public void Kept_factory_PINs_are_told()
    {
        Assert.True(Enroll(_fresh, default, "yes", "", "134679", "134679", "").HasFactoryPin);
        Assert.Equal("12345678", _fresh.State.AdminPin);
    }

    [Fact]
    public void Without_consent_or_with_two_different_PINs_nothing_changes()
    {
        Assert.Contains("Nothing was changed", Refused(_fresh, default, "no"), StringComparison.Ordinal);
        Assert.Contains("differ", Refused(_fresh, default, "yes", "", "134679", "134670"), StringComparison.Ordinal);
        Assert.Null(_fresh.State.Secret);
        Assert.Equal("123456", _fresh.State.UserPin);
    }

    [Fact]
    public void Where_nobody_can_be_asked_the_missing_words_are_named()
    {
        var nobody = new CardConsole(new StringReader(""), _said, interactive: false);
        Assert.Contains("--yes", Assert.Throws<CommandException>(() => EnrollCommand.Run(_fresh.Connect, "", default, nobody)).Message, StringComparison.Ordinal);
        Assert.Contains("OFFLM_KEY_PIN", Assert.Throws<CommandException>(() => EnrollCommand.Run(_fresh.Connect, "", (false, false, true), nobody)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_key_that_is_there_is_neither_deleted_nor_taken_unasked()
    {
        var card = new SimulatedCard();
        var address = card.Address;
        var message = Refused(card, default, "yes");
        Assert.Contains("--keep", message, StringComparison.Ordinal);
        Assert.Contains("--replace", message, StringComparison.Ordinal);
        Assert.Contains(address.ToString(), message, StringComparison.Ordinal);

        card.State.Touch = 1;
        card.State.Counter = 9;
        var kept = Enroll(card, (false, true, true), "12345678", "999999", "999999", "");
        Assert.Equal((address, 9u, (byte)0), (kept.Address, kept.Counter, card.State.Touch));
        Assert.NotEqual(address, Enroll(card, (true, false, true), "12345678", "999999", "999999", "").Address);
    }

    [Fact]
    public void A_wrong_admin_PIN_changes_nothing_and_the_last_try_is_left()
    {
        Assert.Contains("2 tries are left", Refused(_fresh, default, "yes", "00000000", "134679", "134679", ""), StringComparison.Ordinal);
        Assert.Contains("one try is left", Refused(_fresh, default, "yes", "00000000", "134679", "134679", ""), StringComparison.Ordinal);
        Assert.Contains("never spent", Refused(_fresh, default, "yes", "12345678", "134679", "134679", ""), StringComparison.Ordinal);
        Assert.Equal((1, "123456"), (_fresh.State.AdminTries, _fresh.State.UserPin));
    }

    [Fact]
    public void A_blocked_PIN_is_set_anew_with_the_admin_PIN_and_a_known_one_is_changed()
    {
        var card = new SimulatedCard();
        card.State.UserTries = 0;
        Assert.Equal("FFFE:00C0FFEE", PinCommand.Run(card.Connect, "", (Unblock: true, Admin: false), Typing("12345678", "555555", "555555")));
        Assert.Equal(("555555", CardState.AllTries), (card.State.UserPin, card.State.UserTries));
        PinCommand.Run(card.Connect, "", default, Typing("555555", "777777", "777777"));
        PinCommand.Run(card.Connect, "", (false, Admin: true), Typing("12345678", "87654321", "87654321"));
        Assert.Equal(("777777", "87654321"), (card.State.UserPin, card.State.AdminPin));
    }

    [Fact]
    public async Task A_test_signature_is_told_to_the_ledger()
    {
        var card = new SimulatedCard();
        var state = new StateDirectory(_scratch["state"]);
        state.Create();
        var uri = KeyUri.Parse("card:");
        Assert.Equal(card.Address, await TestCommand.TestCardAsync(card.Connect, Pin, uri, state, CancellationToken.None));
        Ledger.Open(state.Ledger, TimeProvider.System).Dispose();
        await TestCommand.TestCardAsync(card.Connect, Pin, uri, state, CancellationToken.None);
        await TestCommand.TestCardAsync(card.Connect, Pin, uri, state, CancellationToken.None);
        card.State.Counter++;
        await Assert.ThrowsAsync<LedgerRolledBackException>(() => TestCommand.TestCardAsync(card.Connect, Pin, uri, state, CancellationToken.None));
        using var reader = LedgerReader.Open(state.Ledger);
        Assert.Equal((3u, 4u), (reader.CounterGap()!.Expected, reader.CounterGap()!.Found));
    }

    [Fact]
    public void Doctor_tells_a_good_card_from_those_that_cannot_sign()
    {
        var card = new SimulatedCard();
        Assert.Contains(Look(card), f => f.Grade == Grade.Good && f.Message.Contains(card.Address.ToString(), StringComparison.Ordinal));
        card.State.UserTries = 1;
        Assert.Contains(Look(card), f => f.Grade == Grade.Bad && f.Message.Contains("key pin --unblock", StringComparison.Ordinal));
        card.State.Touch = 1;
        Assert.Contains(Look(card), f => f.Grade == Grade.Bad && f.Message.Contains("touched", StringComparison.Ordinal));
        card.IsPluggedIn = false;
        Assert.Contains(Look(card), f => f.Grade == Grade.Bad && f.Message.Contains("plugged in", StringComparison.Ordinal));
    }

    private static SecretText? Pin() => SecretText.Of(SimulatedCard.UserPin);

    private List<Finding> Look(SimulatedCard card) =>
        [.. KeyFindings.Look(new EdgeSettings { Key = KeyUri.Parse("card:") }, new StateDirectory(_scratch["state"]), card.Connect)];

    private EnrolledCard Enroll(SimulatedCard card, (bool Replace, bool Keep, bool Yes) options, params string[] typed) =>
        EnrollCommand.Run(card.Connect, "", options, Typing(typed));

    private string Refused(SimulatedCard card, (bool Replace, bool Keep, bool Yes) options, params string[] typed) =>
        Assert.Throws<CommandException>(() => Enroll(card, options, typed)).Message;

    private CardConsole Typing(params string[] lines) => new(new StringReader(string.Join('\n', lines) + "\n"), _said, interactive: true);
}
