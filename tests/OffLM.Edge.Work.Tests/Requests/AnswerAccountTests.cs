using OffLM.Edge.Inference;
using OffLM.Edge.Metering;
using OffLM.Edge.Metering.Receipts;
using OffLM.Edge.Signing;
using OffLM.Edge.Tests.Shared;
using OffLM.Edge.Work.Requests;

namespace OffLM.Edge.Work.Tests.Requests;

public sealed class AnswerAccountTests
{
    private readonly ManualTime _clock = new();
    private readonly Hold _hold = new() { Request = Bytes32.Random(), CompletionSalt = Bytes32.Random() };

    [Fact]
    public void What_was_flushed_is_proven_only_at_the_checkpoint_after_the_next()
    {
        var account = Account();
        account.Delivered(new GenerationPiece("one ", 1));

        Assert.Null(account.Tick());
        account.Delivered(new GenerationPiece("two", 1));
        var first = Present.Of(account.Tick());
        var second = Present.Of(account.Tick());

        Assert.Equal(1u, first.CompletionTokens);
        Assert.Equal(Commitment.To(_hold.CompletionSalt, "one "), Keccak256.Restore(first.CommitmentState).Current());
        Assert.Equal(2u, second.CompletionTokens);
        Assert.Equal(Commitment.To(_hold.CompletionSalt, "one two"), Keccak256.Restore(second.CommitmentState).Current());
    }

    [Fact]
    public void Nothing_new_is_not_stored_again()
    {
        var account = Account();
        account.Delivered(new GenerationPiece("one", 1));
        account.Tick();
        account.Tick();

        Assert.Null(account.Tick());
    }

    [Fact]
    public void An_answer_that_ended_well_is_billed_whole_and_one_whose_client_left_as_proven()
    {
        var account = Account();
        account.Reused(3);
        account.Delivered(new GenerationPiece("one", 1));
        account.Tick();
        _clock.Advance(TimeSpan.FromMilliseconds(40));
        account.Delivered(new GenerationPiece(" two", 2));
        account.Tick();
        account.Delivered(new GenerationPiece(" three", 1));

        var whole = account.CloseWhole(Outcome.Stop, "{}");
        var proven = account.CloseProven(Outcome.Cancelled, "{}");

        Assert.Equal((4u, 3u, 40u), (whole.CompletionTokens, whole.CachedTokens, whole.DurationMs));
        Assert.Equal(Commitment.To(_hold.CompletionSalt, "one two three"), whole.CompletionCommitment);
        Assert.Equal((1u, 0u), (proven.CompletionTokens, proven.DurationMs));
        Assert.Equal(Commitment.To(_hold.CompletionSalt, "one"), proven.CompletionCommitment);
    }

    private AnswerAccount Account() => new(_hold, AnswerEnergy.NotMeasured, _clock, _clock.GetTimestamp());
}
