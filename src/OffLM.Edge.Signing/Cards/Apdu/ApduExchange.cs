using System.Security.Cryptography;

namespace OffLM.Edge.Signing.Cards.Apdu;

/// <summary>
/// Whole commands and whole answers over a channel that may only take short ones: extended lengths where card and reader have them, else chains of
/// commands and GET RESPONSE. ISO 7816-4 sections 5.1 and 5.3.
/// </summary>
internal sealed class ApduExchange(ICardChannel channel)
{
    private const byte GetResponse = 0xC0;

    /// <summary>Longest answer taken in. Far above any that an OpenPGP card gives here; bounds what a mad card can make us hold.</summary>
    private const int MaxAnswer = 1 << 16;

    /// <summary>Length of an extended command beside its data.</summary>
    private const int ExtendedOverhead = 9;

    /// <summary>How long a command may take that computes nothing.</summary>
    private static readonly TimeSpan QuickPatience = TimeSpan.FromSeconds(5);

    /// <summary>Whether the card says that it takes extended lengths; see <see cref="AdoptCapabilities"/>.</summary>
    private bool _extended;

    private int _maxData = CommandApdu.MaxShortData;

    /// <summary>Takes over what the card says of itself, as far as the reader can follow.</summary>
    /// <param name="extended">It takes extended lengths.</param>
    /// <param name="maxCommand">The longest command that it takes, in bytes; null if it doesn't say.</param>
    public void AdoptCapabilities(bool extended, int? maxCommand)
    {
        _extended = extended && channel.ExtendedLength;
        var longest = Math.Min(maxCommand ?? channel.MaxCommandLength, channel.MaxCommandLength);
        _maxData = _extended ? Math.Clamp(longest - ExtendedOverhead, CommandApdu.MaxShortData, CommandApdu.MaxExtendedData) : CommandApdu.MaxShortData;
    }

    /// <summary>Sends a command, in parts if it is too long, and gathers the answer.</summary>
    /// <param name="command">What is asked. Its bytes are overwritten after use: they may hold a PIN.</param>
    /// <param name="patience">How long the card may take for one part; null for a command that computes nothing.</param>
    /// <exception cref="CardGoneException">No answer came, or one that makes no sense.</exception>
    public ResponseApdu Send(CommandApdu command, TimeSpan? patience = null)
    {
        var rest = command.Data;
        while (rest.Length > _maxData)
        {
            var answer = SendPart(command with { Data = rest[.._maxData], More = true, Expected = 0 }, patience);
            if (!answer.IsOk)
            {
                return answer;
            }

            rest = rest[_maxData..];
        }

        var response = SendPart(command with { Data = rest }, patience);
        return StatusWord.SaysMore(response.Status) ? Gather(response) : response;
    }

    private ResponseApdu SendPart(CommandApdu command, TimeSpan? patience)
    {
        var bytes = command.Encode(_extended && (command.Expected > 0 || command.Data.Length > CommandApdu.MaxShortData));
        try
        {
            var response = ResponseApdu.Parse(channel.Transmit(bytes, patience ?? QuickPatience));
            if (!StatusWord.SaysLength(response.Status) || command.Expected == 0 || _extended)
            {
                return response;
            }

            // T=0: the card tells the right length and waits for the same command with it.
            bytes[^1] = (byte)response.Status;
            return ResponseApdu.Parse(channel.Transmit(bytes, patience ?? QuickPatience));
        }
        finally
        {
            CryptographicOperations.ZeroMemory(bytes);
        }
    }

    private ResponseApdu Gather(ResponseApdu first)
    {
        var data = new List<byte>(first.Data);
        var response = first;
        while (StatusWord.SaysMore(response.Status))
        {
            byte[] next = [0x00, GetResponse, 0x00, 0x00, (byte)response.Status];
            response = ResponseApdu.Parse(channel.Transmit(next, QuickPatience));
            if (StatusWord.SaysMore(response.Status) && response.Data.Length == 0)
            {
                throw new CardGoneException("The card says that more data wait, and gives none. Unplug it and plug it in again.");
            }

            data.AddRange(response.Data);
            if (data.Count > MaxAnswer)
            {
                throw new CardGoneException($"The card's answer does not end after {MaxAnswer} bytes. Unplug it and plug it in again.");
            }
        }

        return new([.. data], response.Status);
    }
}
