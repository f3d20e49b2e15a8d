using OffLM.CardSimulator.Card;
using OffLM.Edge.Signing.Cards;

namespace OffLM.CardSimulator.Fronts;

/// <summary>The card without a reader: APDUs in memory. Can be unplugged, also in the middle of a command.</summary>
public sealed class DirectChannel(CardApplication card) : ICardChannel
{
    private int _commands;
    private bool _disposed;

    /// <summary>Instruction bytes of the commands so far, in their order.</summary>
    public List<byte> Instructions { get; } = [];

    /// <summary>Unplugs the card at the command with this number, counted from 1; before the card sees it, or after it has carried it out.</summary>
    public (int Command, bool CarriedOut)? Unplug { get; set; }

    /// <summary>Takes the card's answers for others; for faults.</summary>
    public Func<byte[], byte[]>? Alter { get; set; }

    public string Description => "a simulated card";

    public int MaxCommandLength => 3072;

    public bool ExtendedLength => true;

    public byte[] Reset()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        card.Reset();
        return CardApplication.AnswerToReset;
    }

    public byte[] Transmit(ReadOnlySpan<byte> command, TimeSpan patience)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        Instructions.Add(command[1]);
        var pull = Unplug is { } unplug && ++_commands >= unplug.Command;
        if (pull && !Unplug!.Value.CarriedOut)
        {
            throw new CardGoneException("The simulated card was unplugged.");
        }

        var answer = card.Process(command);
        if (pull)
        {
            throw new CardGoneException("The simulated card was unplugged.");
        }

        return Alter?.Invoke(answer) ?? answer;
    }

    public void Dispose() => _disposed = true;
}
