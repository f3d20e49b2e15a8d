namespace OffLM.Edge.Signing.Cards.OpenPgp;

/// <summary>How the card's PINs stand: data object C4, OpenPGP card 3.4.1 section 4.3.1.</summary>
/// <param name="ValidForMany">True if the user PIN, once presented, holds for signatures until the card loses power; false if each needs it anew.</param>
/// <param name="MaxUserLength">Longest user PIN in bytes.</param>
/// <param name="UserTries">Wrong user PINs that are still forgiven, the last included.</param>
/// <param name="ResetTries">The same for the resetting code; 0 if none is set.</param>
/// <param name="AdminTries">The same for the admin PIN.</param>
public sealed record PinStatus(bool ValidForMany, int MaxUserLength, int UserTries, int ResetTries, int AdminTries)
{
    /// <summary>Tries of a card whose PINs were last presented rightly.</summary>
    public const int AllTries = 3;

    /// <summary>Bytes of the data object.</summary>
    internal const int Size = 7;

    internal static PinStatus Parse(ReadOnlySpan<byte> data) => new(data[0] != 0, data[1] & 0x7F, data[4], data[5], data[6]);
}
