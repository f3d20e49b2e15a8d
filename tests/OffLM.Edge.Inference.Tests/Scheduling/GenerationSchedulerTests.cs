using OffLM.Edge.Inference.Tests.Support;
using OffLM.Edge.Tests.Shared;

namespace OffLM.Edge.Inference.Tests.Scheduling;

/// <summary>Order, limits and ends, with an engine whose timing the test decides.</summary>
public sealed class GenerationSchedulerTests
{
    private readonly FakeEngine _engine = new();

    [Fact]
    public async Task A_long_prompt_delays_others_by_one_piece_at_a_time()
    {
        await using var scheduler = Scheduler();
        using var stepping = new SemaphoreSlim(0);
        using var go = new Gate();
        _engine.During = (slot, what) =>
        {
            if (slot.Number == 1 && what == "step" && !go.IsOpen)
            {
                stepping.Release();
                go.Pass();
            }
        };
        var talking = Answer.OfAsync(scheduler, Request("short", 40));
        await stepping.WaitAsync();
        var reading = Answer.OfAsync(scheduler, Request(new string('x', 2000), 3));
        await Eventually.TrueAsync(() => scheduler.Statistics.Waiting == 1, "the long prompt waits");
        go.Open();

        var (first, second) = (await talking, await reading);

        Assert.Equal([250, 250, 250, 250, 250, 250, 250, 250], second.Result.PrefillSplit);
        Assert.Equal(40, first.Tokens);
        var pieces = _engine.Log.SkipWhile(e => e.Slot == 1).TakeWhile(e => e is not (2, "step")).ToList();
        var between = string.Join(' ', pieces.Select(e => e.Slot)).Split('2', StringSplitOptions.TrimEntries);
        Assert.All(between[1..^1], steps => Assert.Equal("1", steps));
    }

    [Theory]
    [InlineData(1, new[] { 1 })]
    [InlineData(256, new[] { 256 })]
    [InlineData(257, new[] { 129, 128 })]
    [InlineData(300, new[] { 150, 150 })]
    [InlineData(520, new[] { 174, 173, 173 })]
    public async Task A_prompts_pieces_are_few_and_equally_long(int tokens, int[] pieces)
    {
        await using var scheduler = Scheduler();

        Assert.Equal(pieces, (await Answer.OfAsync(scheduler, Request(new string('x', tokens), 1))).Result.PrefillSplit);
    }

    [Fact]
    public async Task Two_long_prompts_take_turns()
    {
        await using var scheduler = Scheduler();
        using var go = new Gate();
        _engine.During = (_, _) => go.Pass();
        var first = Answer.OfAsync(scheduler, Request(new string('x', 1024), 1));
        var second = Answer.OfAsync(scheduler, Request(new string('y', 1024), 1));
        await Eventually.TrueAsync(() => scheduler.Statistics is { } s && s.Active + s.Waiting == 2, "both are in");
        go.Open();
        await Task.WhenAll(first, second);

        Assert.Equal([1, 2, 1, 2, 1, 2, 1, 2], _engine.Log.Where(e => e.What.StartsWith("prefill", StringComparison.Ordinal)).Select(e => e.Slot));
    }

    [Fact]
    public async Task A_slow_reader_pauses_only_its_own_answer()
    {
        await using var scheduler = Scheduler(new SchedulerOptions { MaxUndelivered = 10 });
        var slow = scheduler.Reserve().Start(Request("slow", 100));
        await Eventually.TrueAsync(() => scheduler.Statistics.Tokens >= 11, "the slow one is ahead of its reader");

        var quick = await Answer.OfAsync(scheduler, Request("quick", 100));

        Assert.Equal(100, quick.Tokens);
        Assert.Equal(111, scheduler.Statistics.Tokens);
        Assert.False(slow.Completion.IsCompleted);
        Assert.Equal(100, (await Answer.ReadAsync(slow)).Tokens);
    }

    [Fact]
    public async Task Cancelling_takes_effect_within_one_step()
    {
        await using var scheduler = Scheduler();
        Generation? generation = null;
        using var set = new Gate();
        var steps = 0;
        _engine.During = (_, what) =>
        {
            set.Pass();
            if (what == "step" && ++steps == 5)
            {
                generation!.Cancel();
            }
        };
        generation = scheduler.Reserve().Start(Request("x", 1000));
        set.Open();

        var answer = await Answer.ReadAsync(generation);

        Assert.Equal(FinishReason.Cancelled, answer.Result.Reason);
        Assert.Equal(5, steps);
        Assert.Equal(answer.Tokens, answer.Result.CompletionTokens);
    }

    [Fact]
    public async Task Cancelling_aborts_a_running_prefill_and_frees_its_slot()
    {
        await using var scheduler = Scheduler();
        _engine.During = (slot, what) =>
        {
            if (what == "prefill 250")
            {
                Assert.True(slot.Aborted.Wait(TimeSpan.FromSeconds(30)));
            }
        };
        var generation = scheduler.Reserve().Start(Request(new string('x', 2000), 5));
        await Eventually.TrueAsync(() => !_engine.Log.IsEmpty, "the prefill runs");
        generation.Cancel();

        Assert.Equal(FinishReason.Cancelled, (await Answer.ReadAsync(generation)).Result.Reason);
        Assert.Equal([(1, "prefill 250"), (1, "free")], _engine.Log);
        Assert.Equal(0, scheduler.Statistics.IdleSlots);
    }

    [Fact]
    public async Task A_slot_that_was_aborted_when_its_prefill_was_done_computes_no_other_prompt()
    {
        await using var scheduler = Scheduler();
        Generation? generation = null;
        using var set = new Gate();
        _engine.Prefilled = () =>
        {
            _engine.Prefilled = null;
            set.Pass();
            generation!.Cancel();
        };
        var prompt = new string('x', 100);
        generation = scheduler.Reserve().Start(Request(prompt, 5));
        set.Open();
        Assert.Equal(FinishReason.Cancelled, (await Answer.ReadAsync(generation)).Result.Reason);

        var next = await Answer.OfAsync(scheduler, Request(prompt + "y", 5));

        Assert.Equal((FinishReason.Length, null), (next.Result.Reason, next.Result.Error));
    }

    [Fact]
    public async Task Cancelling_one_that_waits_ends_it_at_once()
    {
        await using var scheduler = Scheduler(new SchedulerOptions { MaxActive = 1, MaxUndelivered = 1 });
        var active = scheduler.Reserve().Start(Request("x", 100));
        var waiting = scheduler.Reserve().Start(Request("y", 100));
        waiting.Cancel();

        var answer = await Answer.ReadAsync(waiting);

        Assert.Equal((FinishReason.Cancelled, 0), (answer.Result.Reason, answer.Result.CompletionTokens));
        Assert.False(active.Completion.IsCompleted);
    }

    [Fact]
    public async Task A_full_queue_refuses_until_a_place_is_free()
    {
        await using var scheduler = Scheduler(new SchedulerOptions { MaxActive = 1, MaxWaiting = 2, MaxUndelivered = 1 });
        var active = scheduler.Reserve().Start(Request("x", 100));
        using var second = scheduler.Reserve();
        var third = scheduler.Reserve();

        var refusal = Assert.Throws<QueueFullException>(scheduler.Reserve);

        Assert.InRange(refusal.RetryAfter, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(5));
        Assert.Contains("3", refusal.Message);
        third.Dispose();
        third.Dispose();
        using var again = scheduler.Reserve();
        Assert.Throws<QueueFullException>(scheduler.Reserve);
        active.Cancel();
        await active.Completion;
        using var free = scheduler.Reserve();
    }

    [Fact]
    public async Task An_unconfirmed_request_computes_its_prompt_and_chooses_no_token()
    {
        await using var scheduler = Scheduler();
        var unconfirmed = scheduler.Reserve().Start(Request("question", 30), confirmed: false);
        await Eventually.TrueAsync(() => scheduler.Statistics.PromptTokens == 8, "its prompt is computed");

        Assert.Equal(10, (await Answer.OfAsync(scheduler, Request("other", 10))).Tokens);
        Assert.Equal(10, scheduler.Statistics.Tokens);
        unconfirmed.Confirm(3);

        var answer = await Answer.ReadAsync(unconfirmed);
        Assert.Equal((FinishReason.Length, 3, "ijk"), (answer.Result.Reason, answer.Tokens, answer.Text));
    }

    [Fact]
    public async Task An_unconfirmed_request_that_is_cancelled_gives_its_place_back()
    {
        await using var scheduler = Scheduler(new SchedulerOptions { MaxActive = 1, MaxWaiting = 0 });
        var unconfirmed = scheduler.Reserve().Start(Request("question", 30), confirmed: false);
        await Eventually.TrueAsync(() => scheduler.Statistics.PromptTokens == 8, "its prompt is computed");

        unconfirmed.Cancel();

        Assert.Equal((FinishReason.Cancelled, 0), await unconfirmed.Completion is { } end ? (end.Reason, end.CompletionTokens) : default);
        Assert.Equal(5, (await Answer.OfAsync(scheduler, Request("next", 5))).Tokens);
    }

    [Fact]
    public async Task An_engine_error_ends_that_answer_and_no_other()
    {
        await using var scheduler = Scheduler();
        _engine.During = (slot, what) =>
        {
            if (slot.Number == 1 && what == "step")
            {
                throw new InferenceException("out of device memory");
            }
        };

        var bad = await Answer.OfAsync(scheduler, Request("x", 10));
        var good = await Answer.OfAsync(scheduler, Request("y", 10));

        Assert.Equal((FinishReason.Error, "out of device memory"), (bad.Result.Reason, bad.Result.Error));
        Assert.Equal((FinishReason.Length, 10), (good.Result.Reason, good.Tokens));
    }

    [Fact]
    public async Task A_cache_that_can_not_be_rewound_is_computed_anew()
    {
        var engine = new FakeEngine { CanRewind = false };
        await using var scheduler = new GenerationScheduler(engine, new SchedulerOptions(), TimeProvider.System);
        var prompt = new string('x', 100);
        await Answer.OfAsync(scheduler, Request(prompt, 5));

        var second = await Answer.OfAsync(scheduler, Request(prompt, 5));

        Assert.Equal((FinishReason.Length, 0, 5), (second.Result.Reason, second.Result.CachedTokens, second.Tokens));
        Assert.Contains((1, "free"), engine.Log);
    }

    [Fact]
    public async Task An_unexpected_error_is_reported_without_its_text()
    {
        await using var scheduler = Scheduler();
        _engine.During = (_, _) => throw new InvalidOperationException("prompt text");

        var answer = await Answer.OfAsync(scheduler, Request("x", 10));

        Assert.Equal(FinishReason.Error, answer.Result.Reason);
        Assert.DoesNotContain("prompt text", answer.Result.Error);
    }

    [Fact]
    public async Task A_deterministic_request_neither_waits_for_others_nor_holds_them_up_and_says_that_it_was_not_alone()
    {
        await using var scheduler = Scheduler(new SchedulerOptions { MaxUndelivered = 5 });
        var before = scheduler.Reserve().Start(Request("x", 30));
        var deterministic = scheduler.Reserve().Start(Request("y", 30) with { Deterministic = true });
        await Eventually.TrueAsync(() => scheduler.Statistics.Tokens >= 12, "both are ahead of their readers");

        var after = await Answer.OfAsync(scheduler, Request("z", 30));
        var answers = await Task.WhenAll(Answer.ReadAsync(deterministic), Answer.ReadAsync(before));
        var alone = await Answer.OfAsync(scheduler, Request("y", 30) with { Deterministic = true });

        Assert.Equal((30, answers[0].Text), (after.Tokens, alone.Text));
        Assert.Equal([false, false, false, true], new[] { after, answers[0], answers[1], alone }.Select(a => a.Result.RanAlone));
    }

    [Fact]
    public async Task A_pace_of_zero_pauses_and_cancelling_still_works()
    {
        var pace = 1.0;
        await using var scheduler = Scheduler(new SchedulerOptions { Pace = () => Volatile.Read(ref pace) });
        Volatile.Write(ref pace, 0);
        var generation = scheduler.Reserve().Start(Request("x", 10));
        await Eventually.TrueAsync(() => scheduler.Statistics.Active == 1, "it is active");

        Assert.Equal(0, scheduler.Statistics.Tokens);
        generation.Cancel();
        Assert.Equal(FinishReason.Cancelled, (await Answer.ReadAsync(generation)).Result.Reason);
        Volatile.Write(ref pace, 1);
        Assert.Equal(10, (await Answer.OfAsync(scheduler, Request("y", 10))).Tokens);
    }

    [Fact]
    public void The_pace_is_the_share_of_time_that_is_worked()
    {
        var clock = new ManualTime();
        var pace = 0.25;
        var pacer = new Pacer(() => pace, clock);
        pacer.Worked(TimeSpan.FromMilliseconds(10));

        Assert.Equal(30, pacer.Rest().TotalMilliseconds, 3);
        clock.Advance(TimeSpan.FromMilliseconds(20));
        Assert.Equal(10, pacer.Rest().TotalMilliseconds, 3);
        clock.Advance(TimeSpan.FromMilliseconds(10));
        Assert.Equal(TimeSpan.Zero, pacer.Rest());
        pace = double.NaN;
        Assert.True(pacer.Rest() > TimeSpan.Zero);
    }

    [Fact]
    public async Task The_hook_is_called_between_steps_on_the_decode_thread()
    {
        var calls = 0;
        var threads = new HashSet<string?>();
        await using var scheduler = Scheduler(new SchedulerOptions
        {
            BetweenSteps = () =>
            {
                threads.Add(Thread.CurrentThread.Name);
                calls++;
            },
        });

        await Answer.OfAsync(scheduler, Request("x", 10));
        await Answer.OfAsync(scheduler, Request("y", 1));

        Assert.InRange(calls, 10, 11);
        Assert.Equal(["decode"], threads);
    }

    [Fact]
    public async Task Unloading_interrupts_what_runs_and_what_waits()
    {
        var scheduler = Scheduler(new SchedulerOptions { MaxActive = 1, MaxUndelivered = 3 });
        var running = scheduler.Reserve().Start(Request("x", 100));
        var waiting = scheduler.Reserve().Start(Request("y", 100));
        var unused = scheduler.Reserve();
        await Eventually.TrueAsync(() => scheduler.Statistics.Tokens >= 4, "one runs");

        await scheduler.DisposeAsync();

        Assert.Equal(FinishReason.Interrupted, (await running.Completion).Reason);
        Assert.Equal(4, (await running.Completion).CompletionTokens);
        Assert.Equal(FinishReason.Interrupted, (await waiting.Completion).Reason);
        Assert.Throws<ObjectDisposedException>(scheduler.Reserve);
        Assert.Throws<ObjectDisposedException>(() => unused.Start(Request("z", 1)));
        Assert.Contains((1, "free"), _engine.Log);
    }

    [Fact]
    public async Task Statistics_tell_engine_time_from_service_time()
    {
        await using var scheduler = Scheduler();
        _engine.During = (_, _) => Thread.SpinWait(20_000);

        await Answer.OfAsync(scheduler, Request("hello", 50));
        var statistics = scheduler.Statistics;

        Assert.Equal((49, 5, 50), (statistics.Steps, statistics.PromptTokens, statistics.Tokens));
        Assert.True(statistics.InEngine > TimeSpan.Zero);
        Assert.True(statistics.InService > TimeSpan.Zero);
        Assert.Equal((0, 0), (statistics.Active, statistics.Waiting));
    }

    private static GenerationRequest Request(string prompt, int tokens) => new()
    {
        Prompt = [.. prompt.Select(c => (int)c)],
        MaxNewTokens = tokens,
        Sampling = new SamplingOptions { Seed = 1, Temperature = 0 },
    };

    private GenerationScheduler Scheduler(SchedulerOptions? options = null) => new(_engine, options ?? new SchedulerOptions(), TimeProvider.System);
}
