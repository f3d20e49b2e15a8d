using OffLM.Edge.Signing;

namespace OffLM.Fleet.Store;

/// <summary>A node that is or was trusted.</summary>
/// <param name="Address">Of its key.</param>
/// <param name="Chain">Its chain of batches: shared with the address whose key this one replaced.</param>
/// <param name="Trust">Whether its batches settle, and why.</param>
/// <param name="Since">When that was decided, Unix milliseconds.</param>
/// <param name="Continues">The address whose chain it goes on with; null if it began its own.</param>
internal sealed record NodeRow(Address Address, long Chain, Trust Trust, long Since, Address? Continues);

/// <summary>Whether a node's batches settle. Stored: values never change their meaning.</summary>
internal enum Trust
{
    /// <summary>It was trusted, or never to be.</summary>
    Withdrawn = 0,

    /// <summary>Its address was given.</summary>
    Given = 1,

    /// <summary>It came with the first batch of a chain while that was enough.</summary>
    FirstUse = 2,
}
