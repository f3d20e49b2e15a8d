using OffLM.CardSimulator.Card;
using OffLM.Edge.Signing;
using OffLM.Edge.Signing.Cards;
using OffLM.Edge.Signing.Cards.OpenPgp;

namespace OffLM.CardSimulator.Fronts;

/// <summary>A simulated card that nodes can connect to, and that can be pulled out and plugged in again.</summary>
public sealed class SimulatedCard
{
    public const string UserPin = "134679";

    public SimulatedCard(CardManners? manners = null, CardState? state = null)
    {
        State = state ?? Enrolled();
        Application = new CardApplication(State, manners);
    }

    public CardState State { get; }

    public CardApplication Application { get; }

    /// <summary>Channels that were opened, the last at the end.</summary>
    public List<DirectChannel> Channels { get; } = [];

    public DirectChannel Channel => Channels[^1];

    public bool IsPluggedIn { get; set; } = true;

    /// <summary>Done to each new channel.</summary>
    public Action<DirectChannel> Prepare { get; set; } = _ => { };

    /// <summary>The PIN that a node finds.</summary>
    public string? Pin { get; set; } = UserPin;

    /// <summary>The address of the key in the card.</summary>
    public Address Address => Address.OfPublicKey(SimulatedKey.PublicKeyOf(State.Secret!));

    /// <summary>A card with a key and a PIN of its own.</summary>
    public static CardState Enrolled() => new()
    {
        UserPin = UserPin,
        PinForMany = true,
        SignatureAlgorithm = SimulatedKey.Attributes.ToArray(),
        Secret = SimulatedKey.Generate(),
    };

    public OpenPgpCard Connect(string name = "")
    {
        if (!IsPluggedIn)
        {
            throw new CardException("No smart card is plugged in.");
        }

        Application.Reset();
        var channel = new DirectChannel(Application);
        Prepare(channel);
        Channels.Add(channel);
        var card = OpenPgpCard.Select(channel);
        return name.Length == 0 || card.Data.Is(name) ? card : throw new CardException($"The card {name} is not plugged in.");
    }

    public CardPinKeeper Pins() => new(() => Pin is null ? null : SecretText.Of(Pin));

    public Task<SmartCardKey> OpenKeyAsync(CardPinKeeper? pins = null) => SmartCardKey.OpenAsync("", Connect, pins ?? Pins(), CancellationToken.None);
}
