using OffLM.Edge.Signing;
using OffLM.Fleet.Store;
using OffLM.Fleet.Tests.Support;
using OffLM.Fleet.Verification;
using OffLM.Mqtt.Contracts;

namespace OffLM.Fleet.Tests.Store;

/// <summary>What is answered to a batch, by what came before it.</summary>
public sealed class BatchBookTests : IDisposable
{
    private readonly TestBook _book = new();
    private readonly TestNode _node = new("a");

    [Fact]
    public void A_chain_in_order_settles_batch_by_batch()
    {
        foreach (var message in _node.Chain(5))
        {
            var answer = TestBook.Settled(_book.Take(message));
            Assert.Equal((message.Hash, message.Topic), (answer.Acknowledgement.BatchHash, answer.Topic));
            Assert.Equal(message.Batch.FirstSequence + message.Batch.Count - 1, answer.LastSequence);
            Assert.True(_book.IsSigned(answer));
        }
    }

    [Fact]
    public void M21_The_same_batch_gets_the_same_answer_again_and_counts_once()
    {
        var message = _node.Next();
        var first = TestBook.Settled(_book.Take(message));
        var totals = Totals();
        Assert.Equal(first, TestBook.Settled(_book.Take(message)));
        Assert.Equal(totals, Totals());
    }

    [Fact]
    public void A_batch_waits_for_its_predecessor_and_is_then_answered_where_it_came_from()
    {
        var chain = _node.Chain(4);
        TestBook.Settled(_book.Take(chain[0]));
        Assert.Empty(_book.Take(chain[3]));
        Assert.Empty(_book.Take(chain[2]));
        Assert.Empty(_book.Take(chain[2]));
        var answers = _book.Take(chain[1]);
        Assert.Equal([2ul, 3, 4], answers.Select(a => a.Acknowledgement.Batch));
        Assert.All(answers, a => Assert.Equal(_node.Address.ToLowerString(), a.Topic));
        Assert.Empty(_book.Pending.Waiting());
    }

    [Fact]
    public void A_long_queue_of_waiting_batches_is_judged_piece_by_piece()
    {
        var chain = _node.Chain(100, 1);
        foreach (var message in chain.Skip(1).Reverse().Where(m => m.Batch.Batch <= 17))
        {
            Assert.Empty(_book.Take(message));
        }

        Assert.Equal(17, _book.Take(chain[0]).Count);
        foreach (var message in chain.Skip(18))
        {
            Assert.Empty(_book.Take(message));
        }

        Assert.Equal(83, _book.Take(chain[17]).Count);
    }

    [Fact]
    public void M27_A_refused_batch_with_a_good_signature_is_a_link_of_the_chain()
    {
        TestBook.Settled(_book.Take(_node.Next()));
        Assert.StartsWith("fees: ", TestBook.Refused(_book.Take(_node.Next(batch: b => b with { Fees = 1 }))), StringComparison.Ordinal);
        TestBook.Settled(_book.Take(_node.Next()));
    }

    [Fact]
    public void M24_Of_two_batches_with_one_number_the_first_stands_and_the_node_learns_the_tip()
    {
        var chain = _node.Chain(4);
        chain.ForEach(message => _book.Take(message));
        _node.RestoreTo(chain[1]);
        var fork = _node.Next();
        var answers = _book.Take(fork);
        Assert.StartsWith("fork: ", TestBook.Refused(answers), StringComparison.Ordinal);
        Assert.Equal((fork.Hash, chain[3].Hash), (answers[0].Acknowledgement.BatchHash, answers[1].Acknowledgement.BatchHash));
        Assert.Equal(12ul, answers[1].LastSequence);
        Assert.Equal(answers, _book.Take(fork));
        Assert.Contains(_book.Incidents.Of(_node.Address), i => i.Kind == "fork" && i.Batch == 3);

        // Behind what was settled, the node goes on.
        _node.RestoreTo(chain[3]);
        TestBook.Settled(_book.Take(_node.Next()));
    }

    [Fact]
    public void Another_history_s_next_batch_is_refused_and_leaves_the_place_free()
    {
        var chain = _node.Chain(3);
        chain.ForEach(message => _book.Take(message));
        _node.RestoreTo(chain[1]);
        _ = _node.Next();
        Assert.StartsWith("chain: ", TestBook.Refused(_book.Take(_node.Next())), StringComparison.Ordinal);
        _node.RestoreTo(chain[2]);
        TestBook.Settled(_book.Take(_node.Next()));
    }

    [Fact]
    public void Receipts_that_are_left_out_or_given_again_are_refused_and_the_chain_goes_on()
    {
        TestBook.Settled(_book.Take(_node.Next()));
        _node.NextSequence = 6;
        Assert.StartsWith("sequence: batch 2 begins with receipt 6; expected 4", TestBook.Refused(_book.Take(_node.Next())), StringComparison.Ordinal);
        TestBook.Settled(_book.Take(_node.Next()));
        _node.NextSequence = 1;
        Assert.StartsWith("sequence: ", TestBook.Refused(_book.Take(_node.Next())), StringComparison.Ordinal);
        _node.NextSequence = 12;
        TestBook.Settled(_book.Take(_node.Next()));
    }

    [Fact]
    public void M25_A_boot_count_that_turns_back_is_refused()
    {
        TestBook.Settled(_book.Take(_node.Next(batch: b => b with { Boot = 5 })));
        Assert.StartsWith("counter: ", TestBook.Refused(_book.Take(_node.Next(batch: b => b with { Boot = 4 }))), StringComparison.Ordinal);
        TestBook.Settled(_book.Take(_node.Next(batch: b => b with { Boot = 4 })));
    }

    [Theory]
    [InlineData(6, null)]
    [InlineData(40, null)]
    [InlineData(5, "counter: ")]
    [InlineData(4, "counter: ")]
    public void A_card_s_counter_must_move_on(uint counter, string? refused)
    {
        TestBook.Settled(_book.Take(_node.Next(batch: b => b with { KeyClass = KeyClass.SmartCard, KeyCounter = 5 })));
        var answers = _book.Take(_node.Next(batch: b => b with { KeyClass = KeyClass.SmartCard, KeyCounter = counter }));
        if (refused is null)
        {
            TestBook.Settled(answers);
        }
        else
        {
            Assert.StartsWith(refused, TestBook.Refused(answers), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_request_that_an_earlier_batch_had_is_refused_and_nothing_of_the_batch_counts()
    {
        var first = _node.Next();
        TestBook.Settled(_book.Take(first));
        var totals = Totals();
        var again = _node.Serve(3);
        again[1] = again[1] with { Request = first.Receipts[0].Request };
        Assert.StartsWith("request: ", TestBook.Refused(_book.Take(_node.Sign(again))), StringComparison.Ordinal);
        Assert.Equal(totals, Totals());

        // What was in the refused batch was not settled, so it may still be.
        var rest = _node.Serve(1)[0] with { Request = again[0].Request };
        TestBook.Settled(_book.Take(_node.Sign([rest])));
    }

    [Fact]
    public void Another_node_may_have_the_same_request()
    {
        var first = _node.Next();
        TestBook.Settled(_book.Take(first));
        var other = new TestNode("b");
        TestBook.Settled(_book.Take(other.Next(3, r => r with { Request = first.Receipts[(int)r.Sequence - 1].Request })));
    }

    [Fact]
    public void A_copy_spoilt_on_its_way_gives_way_to_a_whole_one()
    {
        var (first, second) = (_node.Next(), _node.Next());
        Assert.StartsWith("malformed: ", TestBook.Refused(_book.Take(first.Tampered(m => m.Entries[0] = new Entry()), first.Topic)), StringComparison.Ordinal);
        TestBook.Settled(_book.Take(second));
        TestBook.Settled(_book.Take(first));
        TestBook.Settled(_book.Take(first.Tampered(m => m.Entries[0] = new Entry()), first.Topic));
        Assert.Equal(2ul, _book.Nodes.Tip(1).Batch);
        Assert.Equal(6, (int)Totals().Sum(t => (decimal)t.Sums[Figure.Receipts]));
    }

    [Fact]
    public void A_copy_with_a_wrong_signature_does_not_touch_the_right_one()
    {
        var message = _node.Next();
        var wrong = message.Tampered(m => m.Signature = new TestNode("b").Next().Message.Signature);
        Assert.StartsWith("signature: ", TestBook.Refused(_book.Take(wrong, message.Topic)), StringComparison.Ordinal);
        TestBook.Settled(_book.Take(message));
        TestBook.Settled(_book.Take(wrong, message.Topic));
    }

    [Fact]
    public void A_spoilt_copy_that_waits_gives_way_to_a_whole_one_and_the_node_is_answered()
    {
        var (first, second) = (_node.Next(), _node.Next());
        Assert.Empty(_book.Take(second.Tampered(m => m.Tariffs.Clear()), "0x0000000000000000000000000000000000000001"));
        Assert.Empty(_book.Take(second));
        Assert.Empty(_book.Take(second.Tampered(m => m.Tariffs.Clear()), "0x0000000000000000000000000000000000000001"));
        var answers = _book.Take(first);
        Assert.All(answers, a => Assert.Equal((Edge.Metering.Batches.Verdict.Settled, _node.Address.ToLowerString()), (a.Acknowledgement.Verdict, a.Topic)));
        Assert.Equal(2, answers.Count);
    }

    [Fact]
    public void Who_is_asked_is_the_node_in_the_batch_and_where_is_answered_the_one_in_the_topic()
    {
        var message = _node.Next();
        var answer = TestBook.Settled(_book.Take(message.Bytes, "0x0000000000000000000000000000000000000001"));
        Assert.Equal((_node.Address, "0x0000000000000000000000000000000000000001"), (answer.Acknowledgement.Node, answer.Topic));
    }

    [Fact]
    public void What_can_not_be_read_is_counted_and_not_answered()
    {
        Assert.Empty(_book.Take([1, 2, 3], _node.Address.ToLowerString()));
        Assert.Empty(_book.Take([1, 2, 3], _node.Address.ToLowerString()));
        var incident = Assert.Single(_book.Incidents.Of(_node.Address));
        Assert.Equal(("unreadable", 2L), (incident.Kind, incident.Count));
    }

    [Fact]
    public void Incidents_are_bounded()
    {
        for (var i = 0; i < IncidentTable.Limit + 5; i++)
        {
            _book.Time.Now += TimeSpan.FromMilliseconds(1);
            _book.Incidents.Note("unreadable", _node.Address, (ulong)i, "x", _book.Time.Now.ToUnixTimeMilliseconds());
        }

        Assert.Equal(IncidentTable.Limit, _book.Incidents.Count());
        Assert.DoesNotContain(_book.Incidents.Of(_node.Address), i => i.Batch < 5);
    }

    public void Dispose() => _book.Dispose();

    private IReadOnlyList<(TotalKey Key, Sums Sums)> Totals() => _book.Totals.All();
}
