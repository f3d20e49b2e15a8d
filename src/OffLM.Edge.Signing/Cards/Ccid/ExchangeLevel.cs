namespace OffLM.Edge.Signing.Cards.Ccid;

/// <summary>How much of the talk with the card a reader does by itself: dwFeatures bits 16 to 18, CCID 1.1 section 5.1.</summary>
internal enum ExchangeLevel
{
    /// <summary>Nothing: the host handles each character.</summary>
    Character,

    /// <summary>The host speaks the transmission protocol, T=0 or T=1.</summary>
    Tpdu,

    /// <summary>The host sends commands of up to 255 bytes of data.</summary>
    ShortApdu,

    /// <summary>The host sends commands of any length.</summary>
    ExtendedApdu,

    /// <summary>Several levels at once, which the specification forbids.</summary>
    Unknown,
}
