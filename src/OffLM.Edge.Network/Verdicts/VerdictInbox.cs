using Microsoft.Extensions.Logging;
using OffLM.Edge.Metering;
using OffLM.Edge.Metering.Batches;
using OffLM.Edge.Signing;

namespace OffLM.Edge.Network.Verdicts;

/// <summary>
/// Takes verdicts as they come from the broker, which is not trusted: whoever publishes there may send anything, twice, late and in any
/// order. Only what a trusted collector signed, for the network and the hash of the very batch, reaches the ledger.
/// </summary>
internal sealed partial class VerdictInbox
{
    private readonly Ledger _ledger;
    private readonly TypedDomain _domain;
    private readonly IReadOnlyList<Address> _collectors;
    private readonly Func<ulong> _now;
    private readonly ILogger<VerdictInbox> _logger;
    private readonly Rejections _rejections;
    private long _settled;
    private long _refused;
    private long _repeated;

    /// <param name="ledger">Where verdicts are recorded.</param>
    /// <param name="domain">The network of batches that the ledger doesn't know.</param>
    /// <param name="collectors">Whose verdicts count.</param>
    /// <param name="now">Unix milliseconds.</param>
    /// <param name="rejections">Counts what is not taken.</param>
    /// <param name="logger">Says what was refused.</param>
    public VerdictInbox(
        Ledger ledger, TypedDomain domain, IReadOnlyList<Address> collectors, Func<ulong> now, Rejections rejections, ILogger<VerdictInbox> logger) =>
        (_ledger, _domain, _collectors, _now, _rejections, _logger) = (ledger, domain, collectors, now, rejections, logger);

    /// <summary>Raised with a batch's number when its verdict is durable, also where it was so before.</summary>
    public event Action<ulong>? Resolved;

    /// <summary>Batches that were settled since the start.</summary>
    public long Settled => Interlocked.Read(ref _settled);

    /// <summary>Batches that were refused since the start.</summary>
    public long Refused => Interlocked.Read(ref _refused);

    /// <summary>Verdicts that said what was known.</summary>
    public long Repeated => Interlocked.Read(ref _repeated);

    /// <summary>Takes one message. What is wrong with it is counted; what the disk doesn't take is put off, as the batch is sent again.</summary>
    /// <param name="payload">As it came.</param>
    /// <param name="identity">The node's address.</param>
    public async Task TakeAsync(ReadOnlyMemory<byte> payload, Address identity)
    {
        if (SignedVerdict.Read(payload.Span, out var problem) is not { } verdict)
        {
            _rejections.Add(RejectionKind.Malformed, $"A verdict was not taken: {problem}.");
            return;
        }

        try
        {
            var stored = Find(verdict.Acknowledgement.Batch);
            var domain = stored?.Domain ?? _domain;
            if (TrustedSigner(verdict, stored, domain, identity) is { } signer)
            {
                await RecordAsync(verdict, signer, domain);
            }
        }
        catch (Exception e) when (e is LedgerUnavailableException or LedgerFullException or FormatException)
        {
            LogPutOff(verdict.Acknowledgement.Batch, e.Message);
        }
    }

    private StoredBatch? Find(ulong batch)
    {
        using var reader = _ledger.Read();
        return reader.Batches(batch, 1) is [var found] && found.Batch.Batch == batch ? found : null;
    }

    /// <summary>The collector who signed a verdict on a batch of this node; null, and counted, where it is nobody's whom the node trusts.</summary>
    private Address? TrustedSigner(SignedVerdict verdict, StoredBatch? stored, TypedDomain domain, Address identity)
    {
        var batch = verdict.Acknowledgement.Batch;
        if (verdict.Signer(domain) is not { } signer)
        {
            return Reject(RejectionKind.BadSignature, $"A verdict on batch {batch} was not taken: no key could have made its signature.");
        }

        if (!_collectors.Contains(signer))
        {
            return domain != _domain && verdict.Signer(_domain) is { } other && _collectors.Contains(other)
                ? Reject(RejectionKind.OtherNetwork, $"A verdict on batch {batch} by {other} was not taken: it is for chain {_domain.ChainId}, the batch for {domain.ChainId}.")
                : Reject(RejectionKind.UntrustedSigner, $"A verdict on batch {batch} was not taken: {signer}, who signed it, is not in network.collectors.");
        }

        var node = verdict.Acknowledgement.Node;
        return node == identity || node == stored?.Batch.Node
            ? signer
            : Reject(RejectionKind.OtherNode, $"A verdict on batch {batch} by {signer} was not taken: it is for the node {node}.");
    }

    private async Task RecordAsync(SignedVerdict verdict, Address signer, TypedDomain domain)
    {
        var (batch, settled) = (verdict.Acknowledgement.Batch, verdict.Acknowledgement.Verdict == Verdict.Settled);
        var state = settled ? BatchState.Settled : BatchState.Refused;
        switch (await _ledger.ResolveAsync(batch, verdict.Acknowledgement.BatchHash, state, verdict.Acknowledgement.Reason, _now()))
        {
            case Resolution.Applied:
                Interlocked.Increment(ref settled ? ref _settled : ref _refused);
                if (!settled)
                {
                    LogRefused(batch, BatchReason.Clean(verdict.Acknowledgement.Reason));
                }

                break;
            case Resolution.Unchanged:
                Interlocked.Increment(ref _repeated);
                break;
            case Resolution.Contradiction:
                Reject(RejectionKind.Contradiction, $"A verdict was not taken: it refuses batch {batch}, which was settled; settled it stays.");
                break;
            case Resolution.UnknownBatch or Resolution.OtherHash when settled && await IsRollbackAsync(verdict, signer, domain):
                Reject(RejectionKind.RolledBack, $"A verdict settles batch {batch}, which this ledger lacks: its state directory was restored from an old copy.");
                return;
            case Resolution.UnknownBatch:
                Reject(RejectionKind.UnknownBatch, $"A verdict was not taken: the ledger has no batch {batch}.");
                return;
            case Resolution.OtherHash:
                Reject(RejectionKind.OtherHash, $"A verdict was not taken: the ledger's batch {batch} is not the one that it speaks of.");
                return;
        }

        Resolved?.Invoke(batch);
    }

    /// <summary>Keeps a settlement of a batch that the ledger lacks as evidence that it is an old copy, unless it can't be true.</summary>
    private async Task<bool> IsRollbackAsync(SignedVerdict verdict, Address signer, TypedDomain domain) =>
        await _ledger.RecordRollbackEvidenceAsync(verdict.Acknowledgement, verdict.Signature, signer, domain, verdict.LastSequence, _now())
            is EvidenceResult.Recorded or EvidenceResult.Known;

    private Address? Reject(RejectionKind kind, string sentence)
    {
        _rejections.Add(kind, sentence);
        return null;
    }

    [LoggerMessage(LogLevel.Warning, "Batch {Batch} was refused: {Reason}")]
    private partial void LogRefused(ulong batch, string reason);

    [LoggerMessage(LogLevel.Error, "The verdict on batch {Batch} could not be recorded; it is asked for again: {Reason}")]
    private partial void LogPutOff(ulong batch, string reason);
}
