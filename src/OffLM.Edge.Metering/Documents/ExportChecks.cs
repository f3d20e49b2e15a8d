using System.Numerics;
using OffLM.Edge.Metering.Batches;
using OffLM.Edge.Metering.Receipts;
using OffLM.Edge.Metering.Tariffs;
using OffLM.Edge.Signing;
using OffLM.Edge.Signing.TypedStructs;

namespace OffLM.Edge.Metering.Documents;

/// <summary>
/// What must hold between the parts of a document, told in their order. A part that couldn't be read is given as null: what
/// depends on it is then not checked, as its own failure was reported.
/// </summary>
internal sealed class ExportChecks
{
    private readonly Dictionary<Bytes32, Tariff?> _tariffs = [];
    private readonly HashSet<Bytes32> _requests = new(new RequestComparer());
    private readonly List<VerificationFailure> _failures = [];
    private readonly List<Address> _nodes = [];
    private readonly HashSet<Address> _knownNodes = [];
    private readonly List<Bytes32> _leaves = new(ReceiptBatch.MaxReceipts);

    private TypedDomain? _domain;
    private (ReceiptBatch Batch, Bytes32 Hash)? _previous;
    private ReceiptBatch? _batch;
    private Bytes32 _hash;
    private bool _leavesKnown;
    private long _entries;
    private long _hiddenInBatch;
    private BigInteger _feesInBatch;

    private ulong? _startsAt;
    private ulong? _endsAt;
    private long _batches;
    private long _receipts;
    private long _hidden;
    private BigInteger _fees;
    private BigInteger _hiddenFees;
    private long _failureCount;

    /// <summary>True if no batch came.</summary>
    public bool IsEmpty => _batches == 0;

    public void Fail(FailureKind kind, string message, ulong? sequence = null)
    {
        _failureCount++;
        if (_failures.Count < VerificationResult.MaxListed)
        {
            _failures.Add(new(kind, _batch?.Batch, sequence, message));
        }
    }

    public void Domain(TypedDomain? domain) => _domain = domain;

    public void Tariff(Tariff? tariff)
    {
        if (tariff is null)
        {
            return;
        }

        var hash = TypedStruct.Hash(tariff);
        var problem = tariff.Problem();
        if (problem is not null)
        {
            Fail(FailureKind.Tariff, $"The tariff {hash} is out of range: {problem}");
        }

        if (!_tariffs.TryAdd(hash, problem is null ? tariff : null))
        {
            Fail(FailureKind.Tariff, $"The tariff {hash} is given twice.");
        }
    }

    public void BeginBatch(ReceiptBatch? batch)
    {
        _batches++;
        _batch = batch;
        _leaves.Clear();
        (_leavesKnown, _entries, _hiddenInBatch, _feesInBatch) = (true, 0, 0, 0);
        if (batch is null)
        {
            return;
        }

        _hash = TypedStruct.Hash(batch);
        _startsAt ??= batch.Batch;
        _endsAt = batch.Batch;
        if (_knownNodes.Add(batch.Node))
        {
            _nodes.Add(batch.Node);
        }

        if (batch.Problem() is { } problem)
        {
            Fail(FailureKind.Range, problem);
        }

        CheckChain(batch);
    }

    public void Signature(RecoverableSignature? signature)
    {
        if (signature is not { } given || _batch is null || _domain is null)
        {
            return;
        }

        var signer = given.Recover(_domain.Digest(_hash));
        if (signer != _batch.Node)
        {
            Fail(FailureKind.Signature, $"Batch {_batch.Batch} is not signed by its node {_batch.Node}: "
                + (signer is { } other ? $"the signature is {other}'s over this content." : "no key could have made this signature."));
        }
    }

    /// <summary>An entry of which only the leaf is disclosed; null if it couldn't be read.</summary>
    public void Leaf(Bytes32? leaf)
    {
        _entries++;
        AddLeaf(leaf);
        if (leaf is not null)
        {
            _hidden++;
            _hiddenInBatch++;
        }
    }

    /// <summary>A disclosed entry.</summary>
    public void Receipt(Receipt receipt)
    {
        var place = Place;
        _entries++;
        _receipts++;
        AddLeaf(TypedStruct.Hash(receipt));
        _feesInBatch += receipt.Fee;
        if (place is { } expected && receipt.Sequence != expected)
        {
            Fail(FailureKind.Sequence, $"The receipt in the place of {expected} says it is {receipt.Sequence}.", expected);
        }

        if (!_requests.Add(receipt.Request))
        {
            Fail(FailureKind.Request, $"The request {receipt.Request} has a second receipt.", receipt.Sequence);
        }

        if (receipt.Problem() is { } problem)
        {
            Fail(FailureKind.Range, problem, receipt.Sequence);
        }

        CheckFee(receipt);
    }

    /// <summary>The sequence number that the next entry should have; null if the batch couldn't be read.</summary>
    public ulong? Place => _batch is null ? null : unchecked(_batch.FirstSequence + (ulong)_entries);

    public void EndBatch()
    {
        _fees += _feesInBatch;
        if (_batch is { } batch)
        {
            CheckContent(batch);
            _previous = (batch, _hash);
        }
        else
        {
            _previous = null;
        }

        _batch = null;
    }

    public VerificationResult Result()
    {
        _batch = null;
        return new()
        {
            Domain = _domain,
            StartsAt = _startsAt,
            EndsAt = _endsAt,
            Batches = _batches,
            Receipts = _receipts,
            Hidden = _hidden,
            Fees = _fees,
            HiddenFees = _hiddenFees,
            Nodes = _nodes,
            Failures = _failures,
            FailureCount = _failureCount,
        };
    }

    private void AddLeaf(Bytes32? leaf)
    {
        // Leaves beyond a batch's limit aren't kept: a hostile document doesn't decide how much memory this takes.
        _leavesKnown &= leaf is not null && _leaves.Count < ReceiptBatch.MaxReceipts;
        if (_leavesKnown)
        {
            _leaves.Add(leaf!.Value);
        }
    }

    private void CheckChain(ReceiptBatch batch)
    {
        if (_previous is not var (before, hash))
        {
            CheckFirst(batch);
            return;
        }

        if (batch.Batch != unchecked(before.Batch + 1))
        {
            Fail(FailureKind.Chain, $"Batch {batch.Batch} stands after batch {before.Batch}; expected {unchecked(before.Batch + 1)}.");
        }

        if (batch.Previous != hash)
        {
            Fail(FailureKind.Chain, $"Batch {batch.Batch} follows a batch with the hash {batch.Previous}; the one before it here has {hash}.");
        }

        var next = unchecked(before.FirstSequence + before.Count);
        if (batch.FirstSequence != next)
        {
            Fail(FailureKind.Gap, batch.FirstSequence > next
                ? $"Receipts {next} to {batch.FirstSequence - 1} are missing before batch {batch.Batch}."
                : $"Batch {batch.Batch} begins with receipt {batch.FirstSequence}, which the batch before has already; expected {next}.");
        }
    }

    /// <summary>The first of the document, or the first after one that couldn't be read.</summary>
    private void CheckFirst(ReceiptBatch batch)
    {
        var isFirst = batch.Batch == 1;
        if (isFirst != batch.Previous.IsZero)
        {
            Fail(FailureKind.Chain, isFirst ? "Batch 1 names a batch before it." : $"Batch {batch.Batch} names no batch before it.");
        }

        if (isFirst && batch.FirstSequence != 1)
        {
            Fail(FailureKind.Gap, $"Batch 1 begins with receipt {batch.FirstSequence}; expected 1.");
        }
    }

    private void CheckContent(ReceiptBatch batch)
    {
        if (_entries != batch.Count)
        {
            Fail(FailureKind.Count, $"Batch {batch.Batch} says it has {batch.Count} receipts; {_entries} are here.");
        }

        if (_entries > ReceiptBatch.MaxReceipts)
        {
            Fail(FailureKind.Count, $"Batch {batch.Batch} has {_entries} receipts; at most {ReceiptBatch.MaxReceipts} are allowed.");
        }

        if (_leavesKnown && _leaves.Count > 0)
        {
            var root = new MerkleTree(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_leaves)).Root;
            if (root != batch.Root)
            {
                Fail(FailureKind.Root, $"The receipts of batch {batch.Batch} have the Merkle root {root}; the batch says {batch.Root}.");
            }
        }

        if (_leavesKnown)
        {
            CheckFeeSum(batch);
        }
    }

    /// <summary>Hidden receipts may have fees; then the disclosed ones must not have more than the batch.</summary>
    private void CheckFeeSum(ReceiptBatch batch)
    {
        var beyond = batch.Fees - _feesInBatch;
        if (beyond.Sign < 0 || (_hiddenInBatch == 0 && !beyond.IsZero))
        {
            Fail(FailureKind.FeeSum, $"Batch {batch.Batch} says its fees are {batch.Fees} atto; its receipts' add up to {_feesInBatch}.");
        }
        else
        {
            _hiddenFees += beyond;
        }
    }

    private void CheckFee(Receipt receipt)
    {
        if (receipt.CachedTokens > receipt.PromptTokens)
        {
            Fail(FailureKind.Tokens, $"Receipt {receipt.Sequence} has {receipt.CachedTokens} cached of {receipt.PromptTokens} prompt tokens.", receipt.Sequence);
            return;
        }

        if (!_tariffs.TryGetValue(receipt.Tariff, out var tariff))
        {
            Fail(FailureKind.Tariff, $"Receipt {receipt.Sequence} names the tariff {receipt.Tariff}, which the document doesn't have.", receipt.Sequence);
            return;
        }

        if (tariff is not null && Fee.Of(tariff, receipt).Total is var owed && owed != receipt.Fee)
        {
            Fail(FailureKind.Fee, $"Receipt {receipt.Sequence} has the fee {receipt.Fee} atto; by its tariff it is {owed}.", receipt.Sequence);
        }
    }
}
