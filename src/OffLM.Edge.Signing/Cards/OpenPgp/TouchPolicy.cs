namespace OffLM.Edge.Signing.Cards.OpenPgp;

/// <summary>Whether somebody must touch the card for a signature: data object D6, "user interaction flag", OpenPGP card 3.4.1 section 4.4.3.6.</summary>
public enum TouchPolicy
{
    /// <summary>Never; also where the card has no such flag.</summary>
    Off = 0,

    /// <summary>For each signature.</summary>
    On = 1,

    /// <summary>For each signature, until the key is deleted.</summary>
    Permanent = 2,

    /// <summary>For the first of several; a maker's extension.</summary>
    Cached = 3,

    /// <summary>For the first of several, until the key is deleted; a maker's extension.</summary>
    PermanentCached = 4,
}
