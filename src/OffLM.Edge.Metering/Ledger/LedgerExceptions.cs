using OffLM.Edge.Signing;

namespace OffLM.Edge.Metering;

/// <summary>
/// The ledger can't be written now: its disk failed or it is closed. A hold that fails so is never billed. Any other operation may turn
/// out to have been recorded; asking again gives the same result.
/// </summary>
public sealed class LedgerUnavailableException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>The disk is too full to take on another request.</summary>
public sealed class LedgerFullException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>This ledger is not the newest of its node, as far as can be known: what it signed now would be refused, or hide what was lost.</summary>
public sealed class LedgerRolledBackException : Exception
{
    private LedgerRolledBackException(string message, bool byCard)
        : base(message) => ByCard = byCard;

    /// <summary>True if the card says so; false if the network does.</summary>
    public bool ByCard { get; }

    /// <summary>The network has batches of this node that the ledger lacks.</summary>
    /// <param name="batch">The newest of them.</param>
    public static LedgerRolledBackException ByNetwork(ulong batch) => new(Describe(batch), byCard: false);

    /// <summary>The card has made another number of signatures than the ledger can explain.</summary>
    /// <param name="expected">Where its counter should be.</param>
    /// <param name="found">Where it is.</param>
    public static LedgerRolledBackException ByCounter(uint expected, uint found) => new(Describe(expected, found), byCard: true);

    /// <summary>What happened, and what to do.</summary>
    public static string Describe(ulong batch) =>
        $"The network has settled batch {batch} of this node, which this ledger does not have: its state directory was restored from an old copy. "
        + "Receipts are kept, but none is signed. Bring the newer state directory back, or run 'offlm-edge ledger accept-rollback'.";

    /// <summary>What happened, and what to do.</summary>
    public static string Describe(uint expected, uint found) =>
        $"The card has made {found} signatures, and this ledger explains {expected}: its state directory was restored from an old copy, or the key was used elsewhere. "
        + "Nothing is signed and no paid work is taken. Bring the newer state directory back, or, if you know why, run 'offlm-edge ledger accept-rollback --reason TEXT'.";
}

/// <summary>The payer's credit doesn't pay for even one token of this request.</summary>
/// <param name="remaining">Atto that are left.</param>
/// <param name="needed">Atto that the prompt and one token cost.</param>
public sealed class CreditExhaustedException(UInt128 remaining, UInt128 needed)
    : Exception($"The credit left is {remaining} atto-OFFLM; this prompt and one token cost {needed}.")
{
    /// <summary>Atto that are left.</summary>
    public UInt128 Remaining => remaining;
}

/// <summary>A request with the same idempotency key was taken before; running it again would charge twice.</summary>
/// <param name="request">The earlier request.</param>
public sealed class RetryException(Bytes32 request) : Exception($"This idempotency key belongs to request {request}.")
{
    /// <summary>The earlier request.</summary>
    public Bytes32 Request => request;
}

/// <summary>The request's name was used before, by a hold or a receipt; names are unique.</summary>
/// <param name="request">The name.</param>
public sealed class DuplicateRequestException(Bytes32 request) : Exception($"Request {request} was taken before. Choose 32 new random bytes.")
{
    /// <summary>The name.</summary>
    public Bytes32 Request => request;
}

/// <summary>The file was written by a newer version of this program.</summary>
public sealed class LedgerVersionException(string path, long found, long known)
    : Exception($"{path} has schema version {found}; this program knows versions up to {known}. Update the program, or restore the file that belongs to it.");
