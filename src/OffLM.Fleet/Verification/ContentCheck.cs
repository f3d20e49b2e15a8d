using OffLM.Edge.Metering.Batches;
using OffLM.Edge.Metering.Documents;
using OffLM.Edge.Metering.Receipts;
using OffLM.Edge.Metering.Tariffs;
using OffLM.Edge.Signing;
using OffLM.Edge.Signing.TypedStructs;
using OffLM.Fleet.Messages;

namespace OffLM.Fleet.Verification;

/// <summary>
/// Checks what a batch promises by itself: signature, Merkle root, sums, fees, tariffs, codes. A pure function, for any number of
/// threads. The root comes early: once it holds, all that is wrong further on was signed by the node.
/// </summary>
/// <param name="domain">The network that batches must be for.</param>
internal sealed class ContentCheck(TypedDomain domain)
{
    /// <param name="header">What the message says was signed.</param>
    /// <param name="decoded">The rest of it.</param>
    public CheckedBatch Check(SignedHeader header, DecodedMessage decoded)
    {
        if (!header.IsSignedByItsNode())
        {
            return new(header, false, new(RefusalKind.Signature, $"signature: batch {header.Batch.Batch} is not signed by its node {header.Batch.Node}."), null);
        }

        if (header.Domain != domain)
        {
            return Refused(header, RefusalKind.Domain, $"domain: batch {header.Batch.Batch} is for chain {header.Domain.ChainId} and contract "
                + $"{header.Domain.VerifyingContract}; this collector settles for chain {domain.ChainId} and contract {domain.VerifyingContract}.");
        }

        if (decoded.Content is not { } content)
        {
            return Refused(header, RefusalKind.Malformed, $"malformed: {decoded.Problem}");
        }

        var leaves = new Bytes32[content.Entries.Count];
        for (var i = 0; i < leaves.Length; i++)
        {
            var (receipt, leaf) = content.Entries[i];
            leaves[i] = receipt is null ? leaf : TypedStruct.Hash(receipt);
        }

        if (new MerkleTree(leaves).Root is var root && root != header.Batch.Root)
        {
            return Refused(header, RefusalKind.Root, $"root: the entries have the Merkle root {root}; batch {header.Batch.Batch} says {header.Batch.Root}.");
        }

        if (header.Batch.Problem() is { } problem)
        {
            return Refused(header, RefusalKind.Range, $"code: {problem}");
        }

        var figures = new FigureCollector(header.Batch.Node, content);
        return (figures.Collect() ?? figures.CheckSum(header.Batch)) is { } refusal
            ? new(header, true, refusal, null)
            : new(header, true, null, figures.Figures());
    }

    private static CheckedBatch Refused(SignedHeader header, RefusalKind kind, string reason) => new(header, true, new(kind, reason), null);

    /// <summary>Goes through the receipts once, checking and adding up.</summary>
    private sealed class FigureCollector(Address node, BatchContent content)
    {
        private readonly HashSet<Bytes32> _requests = new(content.Entries.Count, new RequestComparer());
        private readonly Dictionary<TotalKey, Sums> _groups = [];
        private readonly Dictionary<Bytes32, Schedule?> _schedules = [];
        private readonly Sums _sums = new();
        private uint _hidden;

        /// <summary>The first receipt's first broken promise; null if all hold.</summary>
        public Refusal? Collect()
        {
            foreach (var entry in content.Entries)
            {
                if (entry.Receipt is null)
                {
                    _hidden++;
                }
                else if (Take(entry.Receipt) is { } refusal)
                {
                    return refusal;
                }
            }

            return null;
        }

        /// <summary>Hidden receipts count 0: what costs something is disclosed.</summary>
        public Refusal? CheckSum(ReceiptBatch batch) => _sums[Figure.Fees] == batch.Fees
            ? null
            : new(RefusalKind.FeeSum, $"fees: batch {batch.Batch} says {batch.Fees} atto; its disclosed receipts' fees add up to {_sums[Figure.Fees]}.");

        public BatchFigures Figures()
        {
            if (_hidden > 0)
            {
                var hidden = new Sums();
                hidden.Add(Figure.Receipts, _hidden);
                _groups.Add(TotalKey.Hidden(node), hidden);
                _sums.Add(hidden);
            }

            return new([.. _requests], _hidden, _groups, _sums);
        }

        private Refusal? Take(Receipt receipt)
        {
            if (receipt.Problem() is { } problem)
            {
                return new(RefusalKind.Range, $"code: {problem}");
            }

            if (!_requests.Add(receipt.Request))
            {
                return new(RefusalKind.Request, $"request: {receipt.Request} has two receipts, the second is {receipt.Sequence}.");
            }

            if (receipt.CachedTokens > receipt.PromptTokens)
            {
                return new(RefusalKind.Tokens, $"tokens: receipt {receipt.Sequence} has {receipt.CachedTokens} cached of {receipt.PromptTokens} prompt tokens.");
            }

            if (!content.Tariffs.TryGetValue(receipt.Tariff, out var tariff))
            {
                return new(RefusalKind.MissingTariff, $"tariff: receipt {receipt.Sequence} names {receipt.Tariff}, which the message doesn't have.");
            }

            // Only a tariff that a receipt names is the node's word; the message may have been given more on its way.
            if (!_schedules.ContainsKey(receipt.Tariff) && Admit(receipt.Tariff, tariff) is { } outOfRange)
            {
                return outOfRange;
            }

            var fee = Fee.Of(tariff, receipt);
            if (fee.Total != receipt.Fee)
            {
                return new(RefusalKind.Fee, $"fee: receipt {receipt.Sequence} has {receipt.Fee} atto; by its tariff it is {fee.Total}.");
            }

            if (receipt.Payer.IsZero && receipt.Fee != 0)
            {
                return new(RefusalKind.OwnUse, $"own use: receipt {receipt.Sequence} has a fee of {receipt.Fee} atto and nobody who owes it.");
            }

            Add(receipt, fee, tariff);
            return null;
        }

        private Refusal? Admit(Bytes32 hash, Tariff tariff)
        {
            _schedules.Add(hash, FeeSplit.ScheduleOf(tariff, content.Schedules));
            return tariff.Problem() is { } problem ? new(RefusalKind.Tariff, $"tariff: {hash} is out of range: {problem}") : null;
        }

        private void Add(Receipt receipt, Fee fee, Tariff tariff)
        {
            var key = TotalKey.Of(node, receipt);
            if (!_groups.TryGetValue(key, out var group))
            {
                _groups.Add(key, group = new Sums());
            }

            var own = new Sums();
            FeeSplit.Add(own, receipt, fee, tariff, _schedules[receipt.Tariff]);
            group.Add(own);
            _sums.Add(own);
        }
    }
}
