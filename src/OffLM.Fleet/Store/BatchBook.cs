using OffLM.Edge.Metering.Batches;
using OffLM.Edge.Signing;
using OffLM.Fleet.Messages;
using OffLM.Fleet.Verification;

namespace OffLM.Fleet.Store;

/// <summary>
/// Judges batches against what is stored, and stores what was judged. Everything here runs inside a transaction of the caller's that
/// nobody else writes during; an answer leaves only when that is durable.
/// </summary>
internal sealed class BatchBook
{
    /// <summary>Batches that waited and are judged in one transaction at most: others want to write too.</summary>
    private const int DueLimit = 32;

    /// <summary>Batches beside a chain that are kept as evidence; further ones are answered and counted.</summary>
    private const int BesideLimit = 256;

    private readonly BookRules _rules;
    private readonly Notary _notary;
    private readonly TimeProvider _time;
    private readonly ContentCheck _check;
    private readonly NodeTable _nodes;
    private readonly BatchTable _batches;
    private readonly PendingTable _pending;
    private readonly TotalsTable _totals;
    private readonly IncidentTable _incidents;
    private readonly CheckedCache _waiting = new();

    public BatchBook(FleetDatabase database, BookRules rules, Notary notary, TimeProvider time)
    {
        (_rules, _notary, _time) = (rules, notary, time);
        _check = new ContentCheck(rules.Domain);
        _nodes = new NodeTable(database.Connection);
        _batches = new BatchTable(database.Connection);
        _pending = new PendingTable(database.Connection);
        _totals = new TotalsTable(database.Connection);
        _incidents = new IncidentTable(database.Connection);
    }

    /// <summary>True after a call that left batches which are due: <see cref="TakeDue()"/> goes on with them.</summary>
    public bool HasMoreDue { get; private set; }

    /// <summary>Judges what came.</summary>
    /// <returns>What to answer, and to whom; nothing while the batch waits for its predecessor, or if nobody can be answered.</returns>
    public IReadOnlyList<Answer> Take(Arrival arrival)
    {
        if (arrival.Checked is not { } checkedBatch)
        {
            _incidents.Note("unreadable", arrival.TopicAddress, 0, arrival.Problem!, Now());
            return [];
        }

        var header = checkedBatch.Header;
        var stored = _batches.Find(header.Hash);
        if (stored is not null && !Supersedes(checkedBatch, stored))
        {
            return Repeat(stored, arrival.Topic);
        }

        if (!checkedBatch.IsSigned)
        {
            return [Decline(arrival, header, checkedBatch.Refusal!)];
        }

        if (TrustedNode(header) is not { } node)
        {
            return IsStranger(header.Batch.Node) && _rules.TrustOnFirstUse
                ? Wait(arrival, checkedBatch, isStranger: true)
                : [Decline(arrival, header, new(RefusalKind.UnknownNode, $"unknown node: {header.Batch.Node} is not trusted by this collector. Its operator can add it with 'nodes trust'."))];
        }

        if (stored is not null)
        {
            _batches.Remove(stored);
            return [Judge(arrival, checkedBatch, node, null)];
        }

        return Place(arrival, checkedBatch, node);
    }

    /// <summary>Judges batches whose predecessors have come meanwhile, from this process or another.</summary>
    /// <returns>What to answer; nothing if none is due.</returns>
    public IReadOnlyList<Answer> TakeDue()
    {
        HasMoreDue = false;
        var answers = new List<Answer>();
        foreach (var chain in _pending.ChainsWithDue())
        {
            TakeDue(chain, answers);
            if (answers.Count >= DueLimit)
            {
                HasMoreDue = true;
                break;
            }
        }

        return answers;
    }

    /// <summary>True if a copy of a batch tells more than the one that was refused for what may have happened on its way.</summary>
    private static bool Supersedes(CheckedBatch copy, BatchRow stored) =>
        stored.Refusal is { IsProvisional: true } && copy is { IsSigned: true, Refusal: null or { IsProvisional: false } };

    private NodeRow? TrustedNode(SignedHeader header)
    {
        var batch = header.Batch;
        return _nodes.Find(batch.Node) switch
        {
            { Trust: not Trust.Withdrawn } trusted => trusted,
            null when _rules.TrustOnFirstUse && batch is { Batch: 1, FirstSequence: 1, Previous.IsZero: true } => _nodes.Add(batch.Node, Trust.FirstUse, Now()),
            _ => null,
        };
    }

    private bool IsStranger(Address node) => _nodes.Find(node) is null;

    /// <summary>Finds a trusted node's new batch its place: the next of its chain, one to wait, or one too many.</summary>
    private List<Answer> Place(Arrival arrival, CheckedBatch checkedBatch, NodeRow node)
    {
        var (header, tip) = (checkedBatch.Header, _nodes.Tip(node.Chain));
        if (header.Batch.Batch > tip.Batch + 1)
        {
            return Wait(arrival, checkedBatch, isStranger: false);
        }

        var answers = Decide(arrival, checkedBatch, node, tip);
        TakeDue(node.Chain, answers);
        return answers;
    }

    /// <summary>Judges a batch that need not wait.</summary>
    private List<Answer> Decide(Arrival arrival, CheckedBatch checkedBatch, NodeRow node, ChainTip tip)
    {
        var header = checkedBatch.Header;
        var refusal = header.Batch.Batch <= tip.Batch
            ? ChainRules.Fork(header, _batches.FindLink(node.Chain, header.Batch.Batch)!.Hash)
            : ChainRules.Check(header, tip, Replaces(node, tip.Node));
        if (refusal is { Kind: RefusalKind.Key })
        {
            // Not stored: the operator may yet declare who replaces whom.
            return [Decline(arrival, header, refusal)];
        }

        var answers = new List<Answer> { Judge(arrival, checkedBatch, node, refusal) };
        if (refusal is null or { IsLink: true })
        {
            _nodes.SetTip(node.Chain, tip.After(header));
        }
        else
        {
            AddTip(answers, node.Chain, tip, arrival.Topic);
        }

        return answers;
    }

    /// <summary>The stored answer again.</summary>
    private List<Answer> Repeat(BatchRow stored, string topic)
    {
        var answers = new List<Answer> { Answer.To(stored, topic) };
        if (!stored.IsLink)
        {
            AddTip(answers, stored.Chain, _nodes.Tip(stored.Chain), topic);
        }

        return answers;
    }

    /// <summary>For a node that may have lost its newest state: it learns where its chain stands.</summary>
    private void AddTip(List<Answer> answers, long chain, ChainTip tip, string topic)
    {
        if (_batches.FindLink(chain, tip.Batch) is { } last)
        {
            answers.Add(Answer.To(last, topic));
        }
    }

    /// <summary>True if a node was declared to go on where another's key ended, in one step or several.</summary>
    private bool Replaces(NodeRow node, Address old)
    {
        for (NodeRow? at = node; at?.Continues is { } earlier; at = _nodes.Find(earlier))
        {
            if (earlier == old)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Gives a batch its verdict, signs that, and stores all of it.</summary>
    private Answer Judge(Arrival arrival, CheckedBatch checkedBatch, NodeRow node, Refusal? byChain)
    {
        var refusal = byChain ?? checkedBatch.Refusal ?? Count(checkedBatch, node);
        var (header, figures) = (checkedBatch.Header, checkedBatch.Figures);
        var row = new BatchRow(
            0, node.Chain, header.Batch.Batch, header.Hash, header.Batch.Node, refusal is null or { IsLink: true },
            refusal is null ? Verdict.Settled : Verdict.Refused, refusal, _notary.Collector, default, header.Batch.FirstSequence, header.Batch.Count,
            refusal is null ? figures!.Hidden : 0, refusal is null ? figures!.Sums : new Sums(), Now(), null);
        row = row with { Signature = _notary.Sign(row.Acknowledgement, header.Domain) };
        if (refusal is not null)
        {
            _incidents.Note(Word(refusal), row.Node, row.Number, refusal.Reason, row.Received);
        }

        if (row.IsLink || _batches.CountBeside(node.Chain) < BesideLimit)
        {
            _batches.Add(row, arrival.Message);
        }

        return Answer.To(row, arrival.Topic);
    }

    /// <summary>Adds a sound batch to the totals, unless it holds a request that its chain had before.</summary>
    private Refusal? Count(CheckedBatch checkedBatch, NodeRow node)
    {
        var figures = checkedBatch.Figures!;
        foreach (var request in figures.Requests)
        {
            if (_totals.HasRequest(node.Chain, request))
            {
                return new(RefusalKind.Request, $"request: {request} has a receipt in an earlier batch.");
            }
        }

        _totals.AddRequests(node.Chain, figures.Requests);
        foreach (var (key, sums) in figures.Groups)
        {
            _totals.Add(key, sums);
        }

        return null;
    }

    private List<Answer> Wait(Arrival arrival, CheckedBatch checkedBatch, bool isStranger)
    {
        var (header, hash) = (checkedBatch.Header, checkedBatch.Header.Hash);
        if (_pending.Contains(hash))
        {
            // Another's copy must neither spoil the node's own nor have it answered elsewhere.
            if (checkedBatch.Refusal is not { IsProvisional: true })
            {
                _pending.Replace(hash, arrival.Message);
                _waiting.Put(hash, checkedBatch);
            }

            if (arrival.TopicAddress == header.Batch.Node)
            {
                _pending.Redirect(hash, arrival.Topic);
            }

            return [];
        }

        var (node, now) = (header.Batch.Node, Now());
        var count = _pending.Count(node);
        if (count >= (isStranger ? PendingTable.LimitPerStranger : PendingTable.LimitPerNode)
            || (isStranger && count == 0 && _pending.CountStrangers() >= PendingTable.StrangerLimit))
        {
            _incidents.Note("crowded", node, 0, "Too many batches wait for their predecessors; further ones are passed over until those come.", now);
            return [];
        }

        _pending.Add(new(0, node, header.Batch.Batch, hash, arrival.Topic, now, arrival.Message));
        _waiting.Put(hash, checkedBatch);
        return [];
    }

    private void TakeDue(long chain, List<Answer> answers)
    {
        for (var taken = 0; ; taken++)
        {
            var tip = _nodes.Tip(chain);
            if (_pending.Due(chain, tip.Batch + 1) is not { } row)
            {
                return;
            }

            if (taken == DueLimit)
            {
                HasMoreDue = true;
                return;
            }

            _pending.Remove(row.Id);
            var arrival = _waiting.Take(row.Hash) is { Figures: not null } known ? new Arrival(row.Topic, row.Message, known, null) : Arrival.Read(row.Topic, row.Message, _check);
            answers.AddRange(Decide(arrival, arrival.Checked!, _nodes.Find(row.Node)!, tip));
        }
    }

    /// <summary>Refuses what isn't stored: it is no trusted node's word.</summary>
    private Answer Decline(Arrival arrival, SignedHeader header, Refusal refusal)
    {
        var acknowledgement = new Acknowledgement
        {
            Node = header.Batch.Node,
            Batch = header.Batch.Batch,
            BatchHash = header.Hash,
            Verdict = Verdict.Refused,
            Reason = refusal.Reason,
        };

        // Unsigned, it may name any batch: the number is not counted apart, so that nobody fills the list.
        _incidents.Note(Word(refusal), header.Batch.Node, refusal.Kind == RefusalKind.UnknownNode ? 0 : header.Batch.Batch, refusal.Reason, Now());
        return new(arrival.Topic, acknowledgement, _notary.Sign(acknowledgement, header.Domain), header.LastSequence);
    }

    private static string Word(Refusal refusal) => refusal.Reason[..refusal.Reason.IndexOf(':', StringComparison.Ordinal)];

    private long Now() => _time.GetUtcNow().ToUnixTimeMilliseconds();
}
