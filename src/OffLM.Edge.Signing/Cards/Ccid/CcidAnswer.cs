namespace OffLM.Edge.Signing.Cards.Ccid;

/// <summary>What a reader answered: the header's fields and the data, CCID 1.1 section 6.2.</summary>
/// <param name="Type">bMessageType.</param>
/// <param name="Status">bStatus.</param>
/// <param name="Error">bError.</param>
/// <param name="Chain">bChainParameter, or what stands in its place.</param>
/// <param name="Data">abData.</param>
internal readonly record struct CcidAnswer(byte Type, byte Status, byte Error, byte Chain, byte[] Data)
{
    private const byte CardStatusMask = 0x03;
    private const byte NoCard = 2;

    /// <summary>bmCommandStatus 2: the card asks for more time, section 6.2.6.</summary>
    public bool WantsTime => Status >> 6 == 2;

    /// <summary>bmCommandStatus other than 0 and 2.</summary>
    public bool Failed => Status >> 6 is 1 or 3;

    /// <summary>bmICCStatus 2: the slot is empty.</summary>
    public bool IsSlotEmpty => (Status & CardStatusMask) >= NoCard;

    /// <summary>The error in words: table 6.2-2.</summary>
    public string ErrorText => Error switch
    {
        0xFF => "the command was aborted",
        0xFE => "the card is mute: is it the right way round?",
        0xFD => "parity error between reader and card",
        0xFC => "overrun between reader and card",
        0xFB => "hardware error",
        0xF8 or 0xF7 => "the card's answer to reset is malformed",
        0xF6 or 0xF3 => "reader and card have no protocol in common",
        0xF5 => "the card's class is not supported",
        0xF4 => "procedure byte conflict",
        0xF2 => "the reader is busy",
        0xE0 => "the slot is busy",
        < 0x80 => $"the reader doesn't like byte {Error} of the command",
        _ => $"error {Error:X2}",
    };
}
