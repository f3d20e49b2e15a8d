using OffLM.Edge.Metering.Batches;
using OffLM.Edge.Metering.Documents;
using OffLM.Edge.Signing;
using OffLM.Edge.Signing.TypedStructs;
using OffLM.Fleet.Messages;
using OffLM.Fleet.Store;
using OffLM.Fleet.Verification;

namespace OffLM.Fleet.Reports;

/// <summary>Judges a stored chain anew from its evidence, and compares each verdict with the stored one.</summary>
/// <param name="context">The database and what was found so far.</param>
/// <param name="nodes">The addresses that the chain has had.</param>
internal sealed class ChainVerifier(VerificationContext context, IReadOnlyDictionary<Address, NodeRow> nodes)
{
    private const int PageSize = 256;

    /// <summary>Sound batches with their requests: which of two batches had a request first is told by the order of judgement.</summary>
    private readonly List<(BatchRow Row, BatchFigures Figures)> _sound = [];

    private long _chain;

    /// <param name="chain">The chain's number.</param>
    /// <param name="founder">The address that it began under.</param>
    public void Verify(long chain, Address founder)
    {
        _chain = chain;
        var tip = ChainTip.Start(founder);
        for (var page = context.Batches.Links(chain, 0, PageSize); page.Count > 0; page = context.Batches.Links(chain, page[^1].Number, PageSize))
        {
            foreach (var row in page)
            {
                context.ThrowIfCancelled();
                tip = Link(row, tip);
            }
        }

        if (context.Nodes.Tip(chain) is var stored && stored != tip)
        {
            context.Add(founder, null, $"the chain is said to stand at batch {stored.Batch} and receipt {stored.Sequence}; by its batches it is at {tip.Batch} and {tip.Sequence}.");
        }

        foreach (var row in context.Batches.Beside(chain))
        {
            Beside(row);
        }

        Count(founder);
    }

    private ChainTip Link(BatchRow row, ChainTip tip)
    {
        if (row.Number != tip.Batch + 1)
        {
            context.Add(row.Node, tip.Batch + 1, $"it is missing; the next is {row.Number}.");
        }

        if (Read(row) is not { } batch)
        {
            return tip with { Batch = row.Number, Hash = row.Hash, Node = row.Node, Sequence = Math.Max(tip.Sequence, row.LastSequence) };
        }

        var refusal = ChainRules.Check(batch.Header, tip, Replaces(row.Node, tip.Node)) ?? batch.Refusal;
        if (refusal is { IsLink: false })
        {
            context.Add(row.Node, row.Number, $"it is no link of its chain: {refusal.Reason}");
        }
        else if (refusal is null)
        {
            _sound.Add((row, batch.Figures!));
        }
        else
        {
            Compare(row, refusal);
        }

        return tip.After(batch.Header);
    }

    private void Beside(BatchRow row)
    {
        context.Judged(row);
        if (Read(row) is not null && row.Refusal is not { IsLink: false })
        {
            context.Add(row.Node, row.Number, "it stands beside its chain, but was not refused for that.");
        }
    }

    /// <summary>Counts the requests in the order in which they were counted before.</summary>
    private void Count(Address founder)
    {
        var requests = new HashSet<Bytes32>(new RequestComparer());
        foreach (var (row, figures) in _sound.OrderBy(s => s.Row.Id))
        {
            var repeated = figures.Requests.Where(requests.Contains).Select(r => (Bytes32?)r).FirstOrDefault();
            if (repeated is { } request)
            {
                Compare(row, new(RefusalKind.Request, $"request: {request} has a receipt in an earlier batch."));
                continue;
            }

            requests.UnionWith(figures.Requests);
            Compare(row, null);
            context.Settled(row, figures);
        }

        if (context.Totals.CountRequests(_chain) is var stored && stored != requests.Count)
        {
            context.Add(founder, null, $"{stored} requests are remembered; its settled batches have {requests.Count}.");
        }
    }

    private void Compare(BatchRow row, Refusal? refusal)
    {
        context.Judged(row);
        if (row.Refusal?.Kind != refusal?.Kind)
        {
            context.Add(row.Node, row.Number, $"it was {Describe(row.Refusal)}; judged by its evidence it is {Describe(refusal)}.");
        }
    }

    /// <summary>The evidence of a batch; null if it doesn't prove the row.</summary>
    private CheckedBatch? Read(BatchRow row)
    {
        if (context.Batches.Evidence(row.Id) is not { } message)
        {
            context.Add(row.Node, row.Number, "its evidence is missing.");
            return null;
        }

        var decoded = BatchDecoder.Decode(message);
        if (decoded.Header is not { } header || header.Hash != row.Hash || header.Batch.Node != row.Node || header.Batch.Batch != row.Number
            || header.Batch.FirstSequence != row.FirstSequence || header.Batch.Count != row.Count)
        {
            context.Add(row.Node, row.Number, "its evidence is of another batch.");
            return null;
        }

        var batch = context.Check.Check(header, decoded);
        if (!batch.IsSigned)
        {
            context.Add(row.Node, row.Number, batch.Refusal!.Reason);
            return null;
        }

        var isVerdict = row.Verdict == (row.Refusal is null ? Verdict.Settled : Verdict.Refused);
        if (!isVerdict || !context.Collectors.Contains(row.Collector)
            || row.Signature.Recover(header.Domain.Digest(TypedStruct.Hash(row.Acknowledgement))) != row.Collector)
        {
            context.Add(row.Node, row.Number, "its acknowledgement is not signed by this database's collector.");
        }

        return batch;
    }

    private bool Replaces(Address node, Address old)
    {
        for (var at = nodes.GetValueOrDefault(node); at?.Continues is { } earlier; at = nodes.GetValueOrDefault(earlier))
        {
            if (earlier == old)
            {
                return true;
            }
        }

        return false;
    }

    private static string Describe(Refusal? refusal) => refusal is null ? "settled" : $"refused ({refusal.Reason.TrimEnd('.')})";
}
