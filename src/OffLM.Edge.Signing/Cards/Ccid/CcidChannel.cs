namespace OffLM.Edge.Signing.Cards.Ccid;

/// <summary>The card in slot 0 of a USB reader, or the token that is both: whole APDUs over CCID 1.1 messages.</summary>
internal sealed class CcidChannel : ICardChannel
{
    private const int ShortCommand = 261;
    private const int ExtendedCommand = 65544;

    /// <summary>Longest response: extended data and the status word.</summary>
    private const int MaxResponse = 65538;

    // wLevelParameter of a command in parts, section 6.1.4.
    private const uint WholeCommand = 0;
    private const uint Begins = 1;
    private const uint Ends = 2;
    private const uint GoesOn = 3;
    private const uint WantsMore = 0x10;

    // bChainParameter of an answer in parts, section 6.2.1.
    private const byte WholeAnswer = 0;
    private const byte AnswerBegins = 1;
    private const byte AnswerEnds = 2;
    private const byte AnswerGoesOn = 3;
    private const byte SendTheRest = 0x10;

    /// <summary>Turning a card on takes a reset and its answer: a second at most, ISO 7816-3 section 8.</summary>
    private static readonly TimeSpan PowerPatience = TimeSpan.FromSeconds(5);

    private readonly CcidTransport _transport;
    private readonly CcidDescriptor _descriptor;

    private CcidChannel(CcidTransport transport, CcidDescriptor descriptor)
    {
        _transport = transport;
        _descriptor = descriptor;
    }

    public string Description => _transport.Description;

    public int MaxCommandLength => ExtendedLength ? ExtendedCommand : ShortCommand;

    public bool ExtendedLength => _descriptor.Level == ExchangeLevel.ExtendedApdu;

    /// <summary>Finds the reader's place and turns the card on.</summary>
    /// <param name="pipe">The reader. Disposed of with the channel, and if this fails.</param>
    /// <param name="descriptor">What it says of itself.</param>
    /// <param name="time">For patience.</param>
    /// <exception cref="CardException">The reader is of a kind that can't be used, or there is no card in it.</exception>
    /// <exception cref="CardGoneException">It doesn't answer.</exception>
    public static CcidChannel Connect(IBulkPipe pipe, CcidDescriptor descriptor, TimeProvider time)
    {
        try
        {
            RequireApdus(pipe, descriptor);
            var channel = new CcidChannel(new CcidTransport(pipe, descriptor, time), descriptor);
            if (channel._transport.Synchronise().IsSlotEmpty)
            {
                throw new CardException($"There is no card in the reader at {pipe.Description}.");
            }

            _ = channel.Reset();
            return channel;
        }
        catch
        {
            pipe.Dispose();
            throw;
        }
    }

    public byte[] Reset()
    {
        // A card that is on already keeps what it was told, its PIN too: off first.
        var off = _transport.Exchange(CcidMessage.IccPowerOff, 0, [], CcidMessage.SlotStatus, PowerPatience);
        if (off.IsSlotEmpty)
        {
            throw new CardGoneException($"The card was taken out of the reader at {Description}.");
        }

        // bPowerSelect: 0 leaves it to the reader, 1 is 5 V, 2 is 3 V, 3 is 1.8 V; the lowest first.
        var voltages = _descriptor.ChoosesVoltage ? [0u] : new[] { 3u, 2u, 1u }.Where(v => (_descriptor.Voltages >> ((int)v - 1) & 1) != 0).DefaultIfEmpty(0u);
        CcidAnswer answer = default;
        foreach (var voltage in voltages)
        {
            answer = _transport.Exchange(CcidMessage.IccPowerOn, voltage, [], CcidMessage.DataBlock, PowerPatience);
            if (answer is { Failed: false, Data.Length: >= 2 })
            {
                return answer.Data;
            }
        }

        throw new CardGoneException($"The card in the reader at {Description} can't be turned on: {answer.ErrorText}.");
    }

    public byte[] Transmit(ReadOnlySpan<byte> command, TimeSpan patience)
    {
        if (command.Length > MaxCommandLength)
        {
            throw new ArgumentException($"The reader takes commands of up to {MaxCommandLength} bytes, not {command.Length}.", nameof(command));
        }

        var room = _descriptor.MaxMessage - CcidMessage.HeaderSize;
        if (command.Length <= room)
        {
            return Gather(Block(WholeCommand, command, patience), patience);
        }

        for (var level = Begins; command.Length > room; level = GoesOn)
        {
            if (Block(level, command[..room], patience) is not { Chain: SendTheRest, Data.Length: 0 })
            {
                throw OutOfStep("didn't wait for the rest of a command");
            }

            command = command[room..];
        }

        return Gather(Block(Ends, command, patience), patience);
    }

    public void Dispose() => _transport.Dispose();

    private static void RequireApdus(IBulkPipe pipe, CcidDescriptor descriptor)
    {
        if (descriptor.Level is ExchangeLevel.ShortApdu or ExchangeLevel.ExtendedApdu)
        {
            return;
        }

        var why = descriptor.Level switch
        {
            ExchangeLevel.Tpdu => $"leaves the card's transmission protocol (TPDU level, {((descriptor.Protocols & 2) != 0 ? "T=1" : "T=0")}) to its user",
            ExchangeLevel.Character => "exchanges single characters",
            _ => $"doesn't say how it exchanges commands (dwFeatures {descriptor.Features:X8})",
        };
        throw new CardException(
            $"The reader at {pipe.Description} {why}; this program needs one that takes whole commands (APDU level). USB tokens such as Nitrokey 3 and YubiKey 5 do.");
    }

    /// <summary>Puts together an answer that comes in parts.</summary>
    private byte[] Gather(CcidAnswer answer, TimeSpan patience)
    {
        if (answer.Chain == WholeAnswer)
        {
            return answer.Data;
        }

        var whole = new List<byte>(answer.Data);
        for (var begun = answer.Chain == AnswerBegins; begun; begun = answer.Chain == AnswerGoesOn)
        {
            answer = Block(WantsMore, [], patience);
            whole.AddRange(answer.Data);
            if (whole.Count > MaxResponse)
            {
                throw OutOfStep("gives an answer without end");
            }

            if (answer.Chain == AnswerEnds)
            {
                return [.. whole];
            }

            if (answer.Data.Length == 0)
            {
                break;
            }
        }

        throw OutOfStep("gives the parts of an answer in a wrong order");
    }

    private CcidAnswer Block(uint level, ReadOnlySpan<byte> data, TimeSpan patience)
    {
        // bBWI 0, then wLevelParameter.
        var answer = _transport.Exchange(CcidMessage.XfrBlock, level << 8, data, CcidMessage.DataBlock, patience);
        return answer switch
        {
            { IsSlotEmpty: true } => throw new CardGoneException($"The card was taken out of the reader at {Description}."),
            { Failed: true } => throw new CardGoneException($"The reader at {Description} could not exchange a command with the card: {answer.ErrorText}."),
            _ => answer,
        };
    }

    private CardGoneException OutOfStep(string what) => new($"The reader at {Description} {what}. Unplug it and plug it in again.");
}
