using OffLM.Edge.Signing;
using OffLM.Fleet.Verification;

namespace OffLM.Fleet.Store;

/// <summary>What this process found out of batches that wait, so that it needn't find it out twice. A bounded number of them.</summary>
internal sealed class CheckedCache
{
    /// <summary>About 10 kB each.</summary>
    private const int Limit = 1024;

    private readonly Dictionary<Bytes32, CheckedBatch> _batches = [];
    private readonly Queue<Bytes32> _order = [];

    public void Put(Bytes32 hash, CheckedBatch batch)
    {
        if (!_batches.ContainsKey(hash))
        {
            _order.Enqueue(hash);
        }

        _batches[hash] = batch;
        while (_order.Count > Limit)
        {
            _batches.Remove(_order.Dequeue());
        }
    }

    public CheckedBatch? Take(Bytes32 hash) => _batches.Remove(hash, out var batch) ? batch : null;
}
