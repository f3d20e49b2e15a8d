using OffLM.CardSimulator.Card;
using OffLM.CardSimulator.Fronts;
using OffLM.Edge.Signing.Cards;
using OffLM.Edge.Signing.Cards.OpenPgp;
using OffLM.Edge.Signing.Interop.Secp256k1;

namespace OffLM.Edge.Signing.Tests.Cards;

public sealed class OpenPgpCardTests
{
    private static readonly Bytes32 Digest = new(Enumerable.Range(1, 32).Select(i => (byte)i).ToArray());

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_fresh_card_is_enrolled_and_signs_what_its_address_answers_for(bool extended)
    {
        var simulated = new SimulatedCard(new CardManners { ExtendedLength = extended }, new CardState());
        using var card = simulated.Connect();
        Assert.Equal("FFFE:00C0FFEE", card.Data.Identity);
        Assert.Equal(new Version(3, 4), card.Data.Version);
        Assert.Equal("RSA 2048", card.Data.SignatureAlgorithm.ToString());
        Assert.Equal(extended, card.Data.ExtendedLength);
        Assert.Null(card.ReadSigningKey());

        card.VerifyAdminPin("12345678"u8);
        card.ChooseSecp256k1();
        card.SetPinValidity(many: true);
        var key = card.GenerateSigningKey();
        card.DescribeSigningKey(key, DateTimeOffset.UnixEpoch + TimeSpan.FromDays(20_000));
        card.ChangePin(CardPin.User, "123456"u8, "134679"u8);
        card.ChangePin(CardPin.Admin, "12345678"u8, "24681357"u8);

        Assert.Equal(key, card.ReadSigningKey());
        Assert.True(card.Refresh().SignatureAlgorithm.IsEcdsaSecp256k1);
        Assert.True(card.Data.Pins.ValidForMany);
        Assert.Contains(card.Data.SignatureFingerprint, b => b != 0);
        Assert.Equal(0u, card.ReadSignatureCounter());
        card.VerifySigningPin("134679"u8);
        var signature = Secp256k1.Complete(card.Sign(Digest), Digest, Address.OfPublicKey(key));
        Assert.Equal(Address.OfPublicKey(key), signature!.Value.Recover(Digest));
        Assert.Equal(1u, card.ReadSignatureCounter());
    }

    [Fact]
    public void A_signature_without_a_PIN_is_refused_and_counts_nothing()
    {
        using var card = new SimulatedCard().Connect();
        Assert.Contains("PIN", Assert.Throws<CardPinException>(() => card.Sign(Digest)).Message, StringComparison.Ordinal);
        Assert.Equal(0u, card.ReadSignatureCounter());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void The_last_try_of_a_PIN_is_never_spent(bool tellsTries)
    {
        var simulated = new SimulatedCard(new CardManners { TellsTries = tellsTries });
        using var card = simulated.Connect();
        var first = Assert.Throws<CardPinException>(() => card.VerifySigningPin("000000"u8));
        Assert.True(first.WasRejected);
        Assert.Contains("2 tries are left", first.Message, StringComparison.Ordinal);
        Assert.Contains("one try is left", Assert.Throws<CardPinException>(() => card.VerifySigningPin("000000"u8)).Message, StringComparison.Ordinal);

        var refused = Assert.Throws<CardPinException>(() => card.VerifySigningPin("134679"u8));
        Assert.False(refused.WasRejected);
        Assert.Contains("key pin --unblock", refused.Message, StringComparison.Ordinal);
        Assert.Throws<CardPinException>(() => card.ChangePin(CardPin.User, "134679"u8, "999999"u8));
        Assert.Equal(1, simulated.State.UserTries);

        card.VerifyAdminPin("12345678"u8);
        card.ResetUserPin("555555"u8);
        card.VerifySigningPin("555555"u8);
        Assert.Equal(3, simulated.State.UserTries);
    }

    [Fact]
    public void The_last_try_of_the_admin_PIN_is_never_spent()
    {
        var simulated = new SimulatedCard(state: new CardState { AdminTries = 1 });
        using var card = simulated.Connect();
        Assert.Throws<CardPinException>(() => card.VerifyAdminPin("12345678"u8));
        Assert.Throws<CardPinException>(() => card.ChangePin(CardPin.Admin, "12345678"u8, "24681357"u8));
        Assert.Equal(1, simulated.State.AdminTries);
    }

    [Fact]
    public void A_PIN_of_a_length_that_no_card_takes_costs_no_try()
    {
        var simulated = new SimulatedCard();
        using var card = simulated.Connect();
        Assert.Throws<CardPinException>(() => card.VerifySigningPin("12345"u8));
        Assert.Throws<CardPinException>(() => card.VerifyAdminPin("1234567"u8));
        Assert.Throws<CardPinException>(() => card.ChangePin(CardPin.User, "134679"u8, "1"u8));
        Assert.Equal(CardState.AllTries, simulated.State.UserTries);
        Assert.Equal(CardState.AllTries, simulated.State.AdminTries);
    }

    [Fact]
    public void Settings_need_the_admin_PIN_and_say_so()
    {
        using var card = new SimulatedCard(state: new CardState()).Connect();
        Assert.Equal(0x6982, Assert.Throws<CardRefusedException>(() => card.ChooseSecp256k1()).Status);
        Assert.Throws<CardRefusedException>(() => card.GenerateSigningKey());
        Assert.Throws<CardRefusedException>(() => card.ResetUserPin("555555"u8));
    }

    [Fact]
    public void A_touch_that_is_wanted_is_seen_and_can_be_turned_off()
    {
        var simulated = new SimulatedCard();
        simulated.State.Touch = 1;
        using var card = simulated.Connect();
        Assert.Equal(TouchPolicy.On, card.Data.Touch);
        card.VerifySigningPin("134679"u8);
        Assert.Throws<CardRefusedException>(() => card.Sign(Digest));
        card.VerifyAdminPin("12345678"u8);
        card.TurnTouchOff();
        Assert.Equal(TouchPolicy.Off, card.Refresh().Touch);
        Assert.Equal(64, card.Sign(Digest).Length);
    }

    [Fact]
    public void A_card_that_knows_no_secp256k1_says_so()
    {
        using var card = new SimulatedCard(new CardManners { RsaOnly = true }, new CardState()).Connect();
        card.VerifyAdminPin("12345678"u8);
        Assert.Contains("secp256k1", Assert.Throws<CardRefusedException>(() => card.ChooseSecp256k1()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_card_that_wants_hashed_PINs_is_refused_with_the_way_out()
    {
        var simulated = new SimulatedCard(state: new CardState { KeyDerivation = [0x81, 0x01, 0x03] });
        Assert.Contains("kdf-setup off", Assert.Throws<CardException>(() => simulated.Connect()).Message, StringComparison.Ordinal);
        simulated.State.KeyDerivation = [0x81, 0x01, 0x00];
        simulated.Connect().Dispose();
    }

    [Fact]
    public void Random_bytes_come_in_the_number_that_was_asked_for()
    {
        using var card = new SimulatedCard().Connect();
        Assert.Equal(32, card.GetChallenge(32).Length);
        Assert.NotEqual(card.GetChallenge(16), card.GetChallenge(16));
    }

    [Fact]
    public void A_card_goes_by_its_serial_number_with_or_without_its_maker_and_by_gpgs_name()
    {
        using var card = new SimulatedCard().Connect();
        Assert.True(card.Data.Is("00c0ffee"));
        Assert.True(card.Data.Is("FFFE:00C0FFEE"));
        Assert.True(card.Data.Is("D276000124010304FFFE00C0FFEE0000"));
        Assert.False(card.Data.Is("0006:00C0FFEE"));
        Assert.False(card.Data.Is("00000000"));
    }
}
