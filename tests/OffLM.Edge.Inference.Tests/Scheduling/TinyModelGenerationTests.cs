using OffLM.Edge.Inference.Tests.Support;

namespace OffLM.Edge.Inference.Tests.Scheduling;

public sealed class GenAiGenerationTests(TinyModel tiny) : TinyModelGenerationTests(tiny.Engine), IClassFixture<TinyModel>;

public sealed class DirectGenerationTests(TinyModel tiny) : TinyModelGenerationTests(tiny.Direct), IClassFixture<TinyModel>;

/// <summary>The scheduler with a real engine.</summary>
public abstract class TinyModelGenerationTests(IEngine engine) : IAsyncLifetime
{
    private readonly GenerationScheduler _scheduler = new(engine, new SchedulerOptions(), TimeProvider.System);

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync() => await _scheduler.DisposeAsync();

    [Fact]
    public async Task Concurrent_answers_equal_the_ones_given_alone()
    {
        var requests = Enumerable.Range(0, 4).Select(i => TinyModel.Greedy(TinyModel.Prompt(40 + (i * 70), i), 40) with { CacheScope = $"{i}" }).ToList();
        List<string> alone = [];
        foreach (var request in requests)
        {
            alone.Add((await Answer.OfAsync(_scheduler, request with { Deterministic = true })).Text);
        }

        var together = await TogetherAsync(requests);

        Assert.Equal(alone, together.Select(a => a.Text));
        Assert.All(together, a => Assert.False(a.Result.RanAlone));
    }

    [Fact]
    public async Task A_token_costs_no_managed_memory_on_the_decode_thread()
    {
        var allocated = new List<long>(4096);
        var options = new SchedulerOptions { BetweenSteps = () => allocated.Add(GC.GetAllocatedBytesForCurrentThread()), Guesses = 0 };
        await using var scheduler = new GenerationScheduler(engine, options, TimeProvider.System);
        var request = TinyModel.Greedy(TinyModel.Prompt(30), 300) with { Sampling = new SamplingOptions { Seed = 1, Temperature = 1 } };
        await Answer.OfAsync(scheduler, request);   // each token's text is made once
        allocated.Clear();

        // Apart from the test's synchronization context, whose posts would be counted.
        await Task.Run(() => Answer.OfAsync(scheduler, request));

        var perStep = allocated.Zip(allocated.Skip(1), (before, after) => after - before).ToList();
        Assert.InRange(perStep.Count, 100, 400);

        // The reader's queue grows now and then.
        Assert.InRange(perStep.Count(bytes => bytes > 0), 0, perStep.Count / 10);
    }

    [Fact]
    public async Task The_same_seed_gives_the_same_answer()
    {
        GenerationRequest Request(ulong seed) => new()
        {
            Prompt = TinyModel.Prompt(30),
            MaxNewTokens = 40,
            Deterministic = true,
            Sampling = new SamplingOptions { Seed = seed, Temperature = 1, TopK = 0, TopP = 1 },
        };

        var first = await Answer.OfAsync(_scheduler, Request(1));

        Assert.Equal(first.Text, (await Answer.OfAsync(_scheduler, Request(1))).Text);
        Assert.NotEqual(first.Text, (await Answer.OfAsync(_scheduler, Request(2))).Text);
    }

    [Fact]
    public async Task A_seeded_answer_is_the_same_to_the_bit_alone_and_among_three_others()
    {
        GenerationRequest Request(int variant, int prompt) => new()
        {
            Prompt = TinyModel.Prompt(prompt, variant),
            MaxNewTokens = 40,
            Deterministic = true,
            Sampling = new SamplingOptions { Seed = (ulong)variant, Temperature = 1, TopK = 0, TopP = 1, TopLogprobs = 5 },
        };

        // Prompts of one to three pieces: whole ones are computed between the pieces and steps of others.
        var requests = Enumerable.Range(1, 4).Select(i => Request(i, 130 * i)).ToList();
        List<Answer> alone = [];
        foreach (var request in requests)
        {
            alone.Add(await Answer.OfAsync(_scheduler, request));
        }

        var together = await TogetherAsync(requests);

        Assert.Equal(alone.Select(Scores), together.Select(Scores));
        Assert.All(alone, a => Assert.True(a.Result.RanAlone));
        Assert.All(together, a => Assert.False(a.Result.RanAlone));

        static string Scores(Answer answer) => answer.Text + string.Join(
            ' ', answer.Pieces.SelectMany(p => p.Logprobs!).SelectMany(l => l.Top.Prepend(l)).Select(t => BitConverter.DoubleToInt64Bits(t.Logprob)));
    }

    [Fact]
    public async Task A_second_turn_reuses_the_first_one_and_answers_the_same()
    {
        var first = TinyModel.Prompt(300);
        await Answer.OfAsync(_scheduler, TinyModel.Greedy(first, 20) with { CacheScope = "anna" });
        int[] second = [.. first, .. TinyModel.Prompt(25, 5)];

        var fresh = await Answer.OfAsync(_scheduler, TinyModel.Greedy(second, 30) with { CacheScope = "bert" });
        var reused = await Answer.OfAsync(_scheduler, TinyModel.Greedy(second, 30) with { CacheScope = "anna" });

        Assert.Equal(0, fresh.Result.CachedTokens);
        Assert.Equal(300, reused.Result.CachedTokens);
        Assert.Equal([25], reused.Result.PrefillSplit);
        Assert.Equal(fresh.Text, reused.Text);
    }

    [Fact]
    public async Task An_answer_in_another_conversations_place_is_the_same_as_in_a_new_one()
    {
        await using var scheduler = new GenerationScheduler(engine, new SchedulerOptions { IdleSlots = 1 }, TimeProvider.System);
        await Answer.OfAsync(scheduler, TinyModel.Greedy(TinyModel.Prompt(300), 20) with { CacheScope = "anna" });
        var request = TinyModel.Greedy(TinyModel.Prompt(70, 3), 30) with { CacheScope = "bert", Sampling = new() { Seed = 5, Temperature = 1, TopK = 0, TopP = 1, TopLogprobs = 3 } };

        var inAnnas = await Answer.OfAsync(scheduler, request);
        var inNew = await Answer.OfAsync(_scheduler, request);

        Assert.Equal((0, inNew.Text), (inAnnas.Result.CachedTokens, inAnnas.Text));
        Assert.Equal(
            inNew.Pieces.SelectMany(p => p.Logprobs!).SelectMany(l => l.Top).Select(t => (t.Text, t.Logprob)),
            inAnnas.Pieces.SelectMany(p => p.Logprobs!).SelectMany(l => l.Top).Select(t => (t.Text, t.Logprob)));
    }

    [Fact]
    public async Task A_whole_conversation_goes_on_with_its_own_answers_in_the_cache()
    {
        var first = await Answer.OfAsync(_scheduler, TinyModel.Greedy(TinyModel.Prompt(50), 30) with { CacheScope = "talk" });
        int[] next = [.. TinyModel.Prompt(50), .. engine.Encode(first.Text), 5, 6, 7];

        var second = await Answer.OfAsync(_scheduler, TinyModel.Greedy(next, 10) with { CacheScope = "talk" });
        var fresh = await Answer.OfAsync(_scheduler, TinyModel.Greedy(next, 10) with { Deterministic = true });

        Assert.InRange(second.Result.CachedTokens, 50, next.Length - 1);
        Assert.Equal(fresh.Text, second.Text);
    }

    [Fact]
    public async Task The_same_prompt_again_leaves_one_token_to_compute()
    {
        var request = TinyModel.Greedy(TinyModel.Prompt(100), 10) with { CacheScope = "again" };
        var first = await Answer.OfAsync(_scheduler, request);

        var second = await Answer.OfAsync(_scheduler, request);

        Assert.Equal(99, second.Result.CachedTokens);
        Assert.Equal(first.Text, second.Text);
    }

    [Fact]
    public async Task A_stop_sequence_ends_the_answer_before_itself()
    {
        var request = TinyModel.Greedy(TinyModel.Prompt(30), 40) with { Deterministic = true };
        var whole = await Answer.OfAsync(_scheduler, request);
        var stop = whole.Text.Substring(12, 7);

        var cut = await Answer.OfAsync(_scheduler, request with { Stop = [stop, "never there"] });

        Assert.Equal(whole.Text[..whole.Text.IndexOf(stop, StringComparison.Ordinal)], cut.Text);
        Assert.Equal(FinishReason.Stop, cut.Result.Reason);
        Assert.Equal(stop, cut.Result.StopSequence);
        Assert.Equal(cut.Tokens, cut.Result.CompletionTokens);
        Assert.True(cut.Tokens < whole.Tokens);
    }

    [Fact]
    public async Task The_models_end_token_ends_the_answer_and_is_not_counted()
    {
        var end = engine.EndTokens.First();
        var request = TinyModel.Greedy(TinyModel.Prompt(30), 40) with
        {
            Sampling = new SamplingOptions { Seed = 1, Temperature = 0, LogitBias = new Dictionary<int, double> { [end] = 100 } },
        };

        var answer = await Answer.OfAsync(_scheduler, request);

        Assert.Equal((FinishReason.Stop, 0, ""), (answer.Result.Reason, answer.Result.CompletionTokens, answer.Text));
    }

    [Fact]
    public async Task The_context_is_never_exceeded()
    {
        var answer = await Answer.OfAsync(_scheduler, TinyModel.Greedy(TinyModel.Prompt(4090), 1000));

        Assert.Equal(FinishReason.Length, answer.Result.Reason);
        Assert.InRange(answer.Tokens, 1, 6);
        Assert.Equal(4090, answer.Result.PrefillSplit.Sum());
        Assert.All(answer.Result.PrefillSplit, piece => Assert.InRange(piece, 1, 256));
    }

    [Fact]
    public async Task Log_probabilities_are_those_of_the_model_and_the_best_come_first()
    {
        var answer = await Answer.OfAsync(_scheduler, TinyModel.Greedy(TinyModel.Prompt(30), 10) with
        {
            Sampling = new SamplingOptions { Seed = 1, Temperature = 0, TopLogprobs = 5 },
        });
        var entries = answer.Pieces.SelectMany(p => p.Logprobs!).ToList();

        Assert.Equal(answer.Tokens, entries.Count);
        Assert.All(entries, e =>
        {
            Assert.Equal(5, e.Top.Count);
            Assert.Equal(e.Logprob, e.Top[0].Logprob);
            Assert.Equal(e.Text, e.Top[0].Text);
            Assert.Equal(e.Top.OrderByDescending(t => t.Logprob), e.Top);
            Assert.InRange(e.Top.Sum(t => Math.Exp(t.Logprob)), 0, 1);
        });
    }

    [Fact]
    public async Task Logits_that_no_engine_should_get_are_refused_with_the_allowed_values()
    {
        using var ticket = _scheduler.Reserve();
        var request = TinyModel.Greedy(TinyModel.Prompt(3), 1);
        void Refused(GenerationRequest bad, string says) => Assert.Contains(says, Assert.Throws<ArgumentException>(() => ticket.Start(bad)).Message);

        Refused(request with { Prompt = [] }, "at least one");
        Refused(request with { Prompt = [5, 999_999] }, "999999");
        Refused(request with { Prompt = new int[4096] }, "at most 4095");
        Refused(request with { MaxNewTokens = 0 }, "at least 1");
        Refused(request with { Stop = [""] }, "stop sequence");
        Refused(request with { Sampling = request.Sampling with { Temperature = double.NaN } }, "between 0 and 2");
        Refused(request with { Sampling = request.Sampling with { TopP = 1.5 } }, "between 0 and 1");
        Refused(request with { Sampling = request.Sampling with { LogitBias = new Dictionary<int, double> { [-1] = 1 } } }, "vocabulary");
        Assert.Equal(1, (await Answer.ReadAsync(ticket.Start(request))).Tokens);
    }

    /// <summary>The answers to requests that begin only when all are in.</summary>
    private async Task<Answer[]> TogetherAsync(IReadOnlyList<GenerationRequest> requests)
    {
        var pace = 0.0;
        await using var scheduler = new GenerationScheduler(engine, new SchedulerOptions { Pace = () => Volatile.Read(ref pace) }, TimeProvider.System);
        var answers = requests.Select(r => Answer.OfAsync(scheduler, r)).ToList();
        await Eventually.TrueAsync(() => scheduler.Statistics.Active == requests.Count, "all are active");
        Volatile.Write(ref pace, 1);
        return await Task.WhenAll(answers);
    }
}
