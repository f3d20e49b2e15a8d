namespace OffLM.Edge.Metering;

/// <summary>What moved a card's signature counter.</summary>
public enum KeyEventKind
{
    /// <summary>A batch was signed, but the signature never came: the card was unplugged, or the node crashed. The batch was signed again.</summary>
    LostSignature = 1,

    /// <summary>A test signature was announced; the counter may have moved by one.</summary>
    Test = 2,

    /// <summary>Nothing in the ledger explains it. Nothing is signed until the owner accepts it.</summary>
    Unexplained = 3,

    /// <summary>It was unexplained, and the owner went on.</summary>
    Accepted = 4,
}
