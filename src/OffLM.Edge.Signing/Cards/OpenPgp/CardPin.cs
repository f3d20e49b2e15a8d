namespace OffLM.Edge.Signing.Cards.OpenPgp;

/// <summary>The card's PINs, by the reference that commands name them with: OpenPGP card 3.4.1 section 4.2.</summary>
public enum CardPin : byte
{
    /// <summary>PW1 in mode 81: for signatures.</summary>
    User = 0x81,

    /// <summary>PW3: for settings and keys.</summary>
    Admin = 0x83,
}
