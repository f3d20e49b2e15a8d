using OffLM.Edge.Inference.Tests.Support;

namespace OffLM.Edge.Inference.Tests.Scheduling;

/// <summary>The scheduler over an engine that steps several slots together.</summary>
public sealed class BatchedSchedulerTests
{
    [Fact]
    public async Task Answers_are_stepped_together_and_join_and_leave_as_they_begin_and_end()
    {
        var engine = new FakeEngine { MaxBatch = 8 };
        await using var scheduler = Scheduler(engine, out var start);
        var answers = new[] { 10, 20, 30 }.Select(tokens => Answer.OfAsync(scheduler, Request($"{tokens}", tokens))).ToList();
        await start(3);

        Assert.Equal([10, 20, 30], (await Task.WhenAll(answers)).Select(a => a.Tokens));

        // They join as their prompts are done; in the end one goes on alone, without a batch.
        var sizes = engine.Batches.Select(b => b.Length).ToList();
        Assert.Equal(3, sizes.Max());
        Assert.Equal(2, sizes[^1]);
        Assert.Equal(9 + 19 + 29, engine.Log.Count(e => e.What == "step"));
        Assert.True(engine.Batches.All(b => b.Distinct().Count() == b.Length));
    }

    [Fact]
    public async Task No_batch_is_larger_than_the_engine_can_take_and_nobody_is_left_out()
    {
        var engine = new FakeEngine { MaxBatch = 2 };
        await using var scheduler = Scheduler(engine, out var start);
        var answers = Enumerable.Range(0, 4).Select(i => Answer.OfAsync(scheduler, Request($"{i}", 25))).ToList();
        await start(4);

        Assert.All(await Task.WhenAll(answers), a => Assert.Equal(25, a.Tokens));
        Assert.All(engine.Batches, b => Assert.Equal(2, b.Length));
    }

    [Fact]
    public async Task A_deterministic_answer_is_never_stepped_with_others()
    {
        var engine = new FakeEngine { MaxBatch = 8 };
        await using var scheduler = Scheduler(engine, out var start);
        var plain = Enumerable.Range(0, 2).Select(i => Answer.OfAsync(scheduler, Request($"{i}", 30))).ToList();
        var deterministic = Answer.OfAsync(scheduler, Request("d", 30) with { Deterministic = true });
        await start(3);

        await Task.WhenAll(plain);
        Assert.Equal(30, (await deterministic).Tokens);
        Assert.All(engine.Batches, b => Assert.DoesNotContain(3, b));
    }

    [Fact]
    public async Task When_a_batch_fails_only_the_answer_whose_step_fails_ends()
    {
        var engine = new FakeEngine { MaxBatch = 8 };
        engine.During = (slot, what) =>
        {
            if (what == "batch" || (what == "step" && slot.Number == 2))
            {
                throw new InferenceException("out of device memory");
            }
        };
        await using var scheduler = Scheduler(engine, out var start);
        var answers = Enumerable.Range(0, 3).Select(i => Answer.OfAsync(scheduler, Request($"{i}", 12))).ToList();
        await start(3);

        var results = (await Task.WhenAll(answers)).Select(a => (a.Result.Reason, a.Result.CompletionTokens)).ToList();

        Assert.Equal([(FinishReason.Length, 12), (FinishReason.Error, 1), (FinishReason.Length, 12)], results);
    }

    [Fact]
    public async Task No_more_answers_run_and_are_kept_than_the_engine_has_slots()
    {
        var engine = new FakeEngine { MaxBatch = 2, MaxSlots = 2 };
        await using var scheduler = Scheduler(engine, out var start);
        var answers = Enumerable.Range(0, 5).Select(i => Answer.OfAsync(scheduler, Request($"{i}", 10) with { CacheScope = $"{i}" })).ToList();
        await start(2);
        await Task.WhenAll(answers);

        var (used, most) = (new HashSet<int>(), 0);
        foreach (var (slot, what) in engine.Log)
        {
            _ = what == "free" ? used.Remove(slot) : used.Add(slot);
            most = Math.Max(most, used.Count);
        }

        Assert.Equal(2, most);
    }

    [Fact]
    public void A_piece_of_a_prompt_takes_one_and_a_half_steps_of_those_who_wait()
    {
        // Reading the weights costs 20 ms, each token 5 ms more.
        static TimeSpan Duration(int tokens) => TimeSpan.FromMilliseconds(20 + (5 * tokens));
        var pieces = new PieceLength(256);
        for (var i = 0; i < 100; i++)
        {
            pieces.Stepped(Duration(8));
            pieces.Prefilled(pieces.WhileOthersWait, Duration(pieces.WhileOthersWait));
        }

        Assert.InRange(Duration(pieces.WhileOthersWait) / Duration(8), 1.2, 1.5);
    }

    [Fact]
    public void Where_a_whole_piece_costs_no_more_than_a_step_none_is_cut()
    {
        var pieces = new PieceLength(256);
        for (var i = 0; i < 100; i++)
        {
            pieces.Stepped(TimeSpan.FromMilliseconds(10));
            pieces.Prefilled(pieces.WhileOthersWait, TimeSpan.FromMilliseconds(11));
        }

        Assert.Equal(256, pieces.WhileOthersWait);
    }

    private static GenerationRequest Request(string prompt, int tokens) => new()
    {
        Prompt = [.. prompt.Select(c => (int)c)],
        MaxNewTokens = tokens,
        Sampling = new SamplingOptions { Seed = 1, Temperature = 0 },
    };

    /// <summary>A scheduler that begins when so many are in.</summary>
    private static GenerationScheduler Scheduler(FakeEngine engine, out Func<int, Task> start)
    {
        var pace = 0.0;
        var scheduler = new GenerationScheduler(engine, new SchedulerOptions { Pace = () => Volatile.Read(ref pace) }, TimeProvider.System);
        start = async active =>
        {
            await Eventually.TrueAsync(() => scheduler.Statistics.Active == active, "all are active");
            Volatile.Write(ref pace, 1);
        };
        return scheduler;
    }
}
