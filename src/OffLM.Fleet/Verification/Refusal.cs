namespace OffLM.Fleet.Verification;

/// <summary>Why a batch is refused.</summary>
/// <param name="Kind">Which promise doesn't hold.</param>
/// <param name="Reason">For the node's owner: what is there and what was expected.</param>
internal sealed record Refusal(RefusalKind Kind, string Reason)
{
    /// <summary>
    /// True where what is wrong isn't covered by the node's signature: whoever carried the message may have changed it. Such a refusal
    /// gives way to a whole copy.
    /// </summary>
    public bool IsProvisional => Kind is RefusalKind.Malformed or RefusalKind.Root or RefusalKind.MissingTariff;

    /// <summary>
    /// False where the batch isn't one of the chain: it is signed, but stands beside the batch that came first, follows another history,
    /// or is by a key that was replaced.
    /// </summary>
    public bool IsLink => Kind is not (RefusalKind.Fork or RefusalKind.Chain or RefusalKind.Key);
}
