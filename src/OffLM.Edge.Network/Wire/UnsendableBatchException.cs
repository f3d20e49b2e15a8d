namespace OffLM.Edge.Network.Wire;

/// <summary>A signed batch can't be made into a message: something of it is damaged. The others go on.</summary>
/// <param name="batch">Its number.</param>
/// <param name="why">What is wrong, as the end of a sentence.</param>
internal sealed class UnsendableBatchException(ulong batch, string why) : Exception($"Batch {batch} can't be sent: {why}")
{
    /// <summary>The batch's number.</summary>
    public ulong Batch => batch;
}
