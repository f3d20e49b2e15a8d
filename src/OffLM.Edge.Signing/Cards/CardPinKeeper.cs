using OffLM.Edge.Signing.Cards.OpenPgp;

namespace OffLM.Edge.Signing.Cards;

/// <summary>
/// Presents the user PIN to cards, and never one again that a card has rejected: a node that tries again every second must not block its card.
/// </summary>
/// <param name="source">Where the PIN is.</param>
public sealed class CardPinKeeper(CardPinSource source) : IDisposable
{
    private SecretText? _rejected;
    private string? _rejectedBy;

    /// <summary>Presents the PIN for signing.</summary>
    /// <exception cref="CardPinException">It is wrong, or was rejected before, or may not be tried.</exception>
    /// <exception cref="KeyUnavailableException">There is none.</exception>
    public void Present(OpenPgpCard card)
    {
        using var pin = source() ?? throw new KeyUnavailableException($"The card {card.Data.Identity} needs its user PIN. {CardPinSources.Advice}");
        if (_rejected?.Is(pin) == true && _rejectedBy == card.Data.Identity)
        {
            throw CardPinException.RejectedBefore(card.Data.Identity);
        }

        try
        {
            card.VerifySigningPin(pin.Bytes);
        }
        catch (CardPinException e) when (e.WasRejected)
        {
            _rejected?.Dispose();
            (_rejected, _rejectedBy) = (new SecretText(pin.Bytes), card.Data.Identity);
            throw;
        }
    }

    public void Dispose() => _rejected?.Dispose();
}
