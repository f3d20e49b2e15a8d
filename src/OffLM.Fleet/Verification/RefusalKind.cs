namespace OffLM.Fleet.Verification;

/// <summary>What a batch was refused for. Stored: values never change their meaning.</summary>
internal enum RefusalKind
{
    /// <summary>It isn't refused.</summary>
    None = 0,

    /// <summary>The message's content isn't what the contract says.</summary>
    Malformed = 1,

    /// <summary>Signed for another network.</summary>
    Domain = 2,

    /// <summary>Not signed by the node that it names.</summary>
    Signature = 3,

    /// <summary>The entries don't give the Merkle root.</summary>
    Root = 4,

    /// <summary>The batch's fees aren't the sum of its receipts'.</summary>
    FeeSum = 5,

    /// <summary>A fee isn't what its tariff says.</summary>
    Fee = 6,

    /// <summary>A tariff is out of range.</summary>
    Tariff = 7,

    /// <summary>More cached tokens than prompt tokens.</summary>
    Tokens = 8,

    /// <summary>A code that the format doesn't know, or a count from 0.</summary>
    Range = 9,

    /// <summary>A fee that nobody owes.</summary>
    OwnUse = 10,

    /// <summary>A request that has a receipt already.</summary>
    Request = 11,

    /// <summary>It follows another batch than the one that stands.</summary>
    Chain = 12,

    /// <summary>It doesn't begin with the next receipt.</summary>
    Sequence = 13,

    /// <summary>A counter turned back.</summary>
    Counter = 14,

    /// <summary>The chain goes on under another key.</summary>
    Key = 15,

    /// <summary>Another batch with its number stands.</summary>
    Fork = 16,

    /// <summary>A node that isn't trusted.</summary>
    UnknownNode = 17,

    /// <summary>A tariff that a receipt names isn't in the message.</summary>
    MissingTariff = 18,
}
