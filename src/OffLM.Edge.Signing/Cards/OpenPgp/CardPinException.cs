namespace OffLM.Edge.Signing.Cards.OpenPgp;

/// <summary>A PIN is wrong, blocked, missing, or may not be tried. Nothing was signed.</summary>
public sealed class CardPinException : CardException
{
    private CardPinException(string message, CardPin pin, bool rejected)
        : base(message) => (Pin, WasRejected) = (pin, rejected);

    /// <summary>Which PIN.</summary>
    public CardPin Pin { get; }

    /// <summary>True if the card looked at a PIN and found it wrong: the same must not be presented again.</summary>
    public bool WasRejected { get; }

    internal static CardPinException Wrong(CardPin pin, int triesLeft) => new(
        $"The card's {Name(pin)} is wrong; {Tries(triesLeft)}. {(triesLeft > 1 ? "Correct it; it is not presented again as it is." : Way(pin))}", pin, rejected: true);

    internal static CardPinException NoTryToSpend(CardPin pin, int triesLeft) => new(
        triesLeft == 0 ? $"The card's {Name(pin)} is blocked. {Way(pin)}" : $"Only one try is left for the card's {Name(pin)}, and the last is never spent. {Way(pin)}",
        pin,
        rejected: false);

    internal static CardPinException RejectedBefore(string card) => new(
        $"The card {card} has rejected this user PIN; it is not presented again. Correct it: {CardPinSources.Advice}", CardPin.User, rejected: false);

    internal static CardPinException NotPresented() => new("The card wants its user PIN before it signs.", CardPin.User, rejected: false);

    internal static CardPinException BadLength(CardPin pin, int least, int most) =>
        new($"The card's {Name(pin)} has {least} to {most} characters. Nothing was presented to the card.", pin, rejected: false);

    private static string Name(CardPin pin) => pin == CardPin.User ? "user PIN" : "admin PIN";

    private static string Tries(int left) => left switch { 0 => "it is blocked now", 1 => "one try is left", _ => $"{left} tries are left" };

    private static string Way(CardPin pin) => pin == CardPin.User
        ? "Set a new one with the admin PIN: offlm-edge key pin --unblock"
        : "Present the right one with 'gpg --card-edit', 'admin', 'passwd'; if it is lost, the card can only be reset, which deletes its keys.";
}
