using OffLM.Edge.Inference.Tests.Support;

namespace OffLM.Edge.Inference.Tests.Scheduling;

/// <summary>Prompts with the same beginning, over an engine that can copy what it has computed.</summary>
public sealed class SharedPrefixTests
{
    private static readonly string System = string.Concat(Enumerable.Range(0, 600).Select(i => (char)('A' + (i * i % 50))));

    [Fact]
    public async Task A_conversation_that_begins_like_an_ended_one_copies_the_beginning_and_leaves_the_other_as_it_is()
    {
        var engine = new FakeEngine { MaxBatch = 8, MaxSlots = 8, CanCopySlots = true };
        await using var scheduler = new GenerationScheduler(engine, new SchedulerOptions(), TimeProvider.System);
        var first = await Answer.OfAsync(scheduler, Request(System + "first question"));
        var second = await Answer.OfAsync(scheduler, Request(System + "another one"));
        var again = await Answer.OfAsync(scheduler, Request(System + "first question" + first.Text + " and then?"));

        Assert.Equal((0, System.Length), (first.Result.CachedTokens, second.Result.CachedTokens));
        Assert.Contains((2, $"copy {System.Length} from 1"), engine.Log);

        // The last token of an answer was never computed, so that one is left to compute.
        Assert.Equal(System.Length + "first question".Length + first.Text.Length - 1, again.Result.CachedTokens);
        Assert.DoesNotContain(engine.Log, e => e.What.StartsWith("rewind", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Of_prompts_that_come_together_each_piece_of_the_same_beginning_is_computed_once()
    {
        var engine = new FakeEngine { MaxBatch = 8, MaxSlots = 8, CanCopySlots = true };
        await using var scheduler = new GenerationScheduler(engine, new SchedulerOptions { PrefillPiece = 100 }, TimeProvider.System);
        var answers = await Task.WhenAll(Enumerable.Range(0, 4).Select(i => Answer.OfAsync(scheduler, Request($"{System}{i}"))));

        var computed = engine.Log.Where(e => e.What.StartsWith("prefill ", StringComparison.Ordinal)).Sum(e => int.Parse(e.What["prefill ".Length..], null));
        Assert.InRange(computed, System.Length + 4, System.Length + 4 + (4 * 100));
        Assert.Equal((4 * (System.Length + 1)) - computed, answers.Sum(a => a.Result.CachedTokens));
    }

    [Theory]
    [InlineData(false, 0)]
    [InlineData(true, 600)]
    public async Task Nothing_is_taken_from_another_caller_unless_that_is_allowed(bool allowed, int cached)
    {
        var engine = new FakeEngine { MaxBatch = 8, MaxSlots = 8, CanCopySlots = true };
        await using var scheduler = new GenerationScheduler(engine, new SchedulerOptions { SharePrefixes = allowed }, TimeProvider.System);
        await Answer.OfAsync(scheduler, Request(System + "a") with { CacheScope = "one" });
        var other = await Answer.OfAsync(scheduler, Request(System + "b") with { CacheScope = "two" });

        Assert.Equal(cached, other.Result.CachedTokens);
    }

    [Fact]
    public async Task A_deterministic_answer_takes_nothing_over()
    {
        var engine = new FakeEngine { MaxBatch = 8, MaxSlots = 8, CanCopySlots = true };
        await using var scheduler = new GenerationScheduler(engine, new SchedulerOptions(), TimeProvider.System);
        await Answer.OfAsync(scheduler, Request(System + "a"));
        var repeatable = await Answer.OfAsync(scheduler, Request(System + "b") with { Deterministic = true });

        Assert.Equal(0, repeatable.Result.CachedTokens);
    }

    [Fact]
    public async Task Where_there_is_room_for_one_only_its_cache_is_taken_as_it_is()
    {
        var engine = new FakeEngine { MaxBatch = 8, MaxSlots = 1, CanCopySlots = true };
        await using var scheduler = new GenerationScheduler(engine, new SchedulerOptions(), TimeProvider.System);
        await Answer.OfAsync(scheduler, Request(System + "a"));
        var second = await Answer.OfAsync(scheduler, Request(System + "b"));

        Assert.Equal(System.Length, second.Result.CachedTokens);
        Assert.Contains((1, $"rewind {System.Length}"), engine.Log);
    }

    private static GenerationRequest Request(string prompt) => new()
    {
        Prompt = [.. prompt.Select(c => (int)c)],
        MaxNewTokens = 10,
        Sampling = new SamplingOptions { Seed = 1, Temperature = 0 },
    };
}
