using Google.Protobuf;
using OffLM.Edge.Metering;
using OffLM.Edge.Network.Wire;
using OffLM.Mqtt;

namespace OffLM.Edge.Network.Receipts;

/// <summary>Reads batches from the ledger and encodes them, one at a time, on a thread that gives way to answers.</summary>
internal sealed class OutboxReader : IDisposable
{
    /// <summary>Rows read at once while looking for the next batch to send.</summary>
    private const int PageSize = 64;

    private readonly Ledger _ledger;
    private readonly BatchEncoder _encoder;
    private readonly string _fleet;
    private readonly QuietThread _thread = new("receipts");
    private LedgerReader? _reader;

    /// <param name="ledger">The outbox.</param>
    /// <param name="encoder">Decides what leaves.</param>
    /// <param name="fleet">For the topics.</param>
    public OutboxReader(Ledger ledger, BatchEncoder encoder, string fleet) => (_ledger, _encoder, _fleet) = (ledger, encoder, fleet);

    /// <summary>The first unsettled batch behind a number; null if there is none.</summary>
    /// <param name="after">Only larger numbers.</param>
    /// <param name="passOver">True for batches that are not wanted.</param>
    /// <exception cref="LedgerUnavailableException">The ledger can't be read.</exception>
    public Task<OutgoingBatch?> NextAsync(ulong after, Func<ulong, bool> passOver) => ReadAsync(reader =>
    {
        for (var page = reader.Unsettled(after, PageSize); page.Count > 0; page = reader.Unsettled(page[^1].Batch.Batch, PageSize))
        {
            if (page.FirstOrDefault(b => !passOver(b.Batch.Batch)) is { } found)
            {
                return Encode(found, reader);
            }
        }

        return null;
    });

    /// <summary>A batch that was sent before; null if it has its verdict by now.</summary>
    /// <exception cref="LedgerUnavailableException">The ledger can't be read.</exception>
    public Task<OutgoingBatch?> AgainAsync(ulong batch) => ReadAsync(reader =>
        reader.Unsettled(batch - 1, 1) is [var found] && found.Batch.Batch == batch ? Encode(found, reader) : null);

    public void Dispose()
    {
        _thread.Dispose();
        _reader?.Dispose();
    }

    private Task<OutgoingBatch?> ReadAsync(Func<LedgerReader, OutgoingBatch?> read) => _thread.RunAsync(() =>
    {
        try
        {
            return read(_reader ??= _ledger.Read());
        }
        catch
        {
            // A connection that failed once is not asked again.
            _reader?.Dispose();
            _reader = null;
            throw;
        }
    });

    private OutgoingBatch Encode(StoredBatch stored, LedgerReader reader)
    {
        var wasSent = stored.State == BatchState.Sent;
        var topic = new Topics(_fleet, stored.Batch.Node.ToLowerString()).ReceiptBatch;
        try
        {
            return new(stored.Batch.Batch, topic, _encoder.Encode(stored, reader).ToByteArray(), null, wasSent);
        }
        catch (UnsendableBatchException e)
        {
            return new(stored.Batch.Batch, topic, null, e.Message, wasSent);
        }
    }
}
