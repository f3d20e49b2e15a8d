using OffLM.Edge.Signing.Cards.Ccid;
using OffLM.Edge.Signing.Cards.OpenPgp;
using OffLM.Edge.Signing.Interop.Libusb;

namespace OffLM.Edge.Signing.Cards;

/// <summary>OpenPGP cards on USB: tokens, and readers with a card in them.</summary>
public static class UsbCards
{
    /// <summary>A <see cref="CardConnector"/>: reserves the card's USB interface, so that no other process can use it meanwhile.</summary>
    /// <param name="name">Its serial number, or maker and serial number; empty for the first found.</param>
    /// <exception cref="CardException">There is none, or it can't be had; says why and what to do.</exception>
    public static OpenPgpCard Open(string name)
    {
        try
        {
            using var context = new UsbContext();
            var readers = context.Readers();
            try
            {
                return First(readers, name);
            }
            finally
            {
                foreach (var reader in readers)
                {
                    reader.Dispose();
                }
            }
        }
        catch (DllNotFoundException e)
        {
            throw new CardException($"Smart cards need libusb: {e.Message}", e);
        }
        catch (UsbException e)
        {
            throw new CardException($"{e.Message} Is USB there at all? A container needs /dev/bus/usb.", e);
        }
    }

    private static OpenPgpCard First(IReadOnlyList<UsbReader> readers, string name)
    {
        if (readers.Count == 0)
        {
            throw new CardException("No smart card is plugged in: there is no USB token or reader. Plug the node's card in.");
        }

        var reasons = new List<string>();
        foreach (var reader in readers)
        {
            try
            {
                var card = OpenPgpCard.Select(CcidChannel.Connect(reader.Open(), reader.Descriptor, TimeProvider.System));
                if (name.Length == 0 || card.Data.Is(name))
                {
                    return card;
                }

                reasons.Add($"The card at {reader.Description} is {card.Data.Identity}.");
                card.Dispose();
            }
            catch (CardException e)
            {
                reasons.Add(e.Message);
            }
        }

        throw new CardException((name.Length == 0 ? "" : $"The card {name} is not plugged in. ") + string.Join(' ', reasons));
    }
}
