using OffLM.Edge.Inference.Tests.Support;
using OffLM.Edge.Tests.Shared;

namespace OffLM.Edge.Inference.Tests.Scheduling;

/// <summary>Tokens that are guessed from earlier text and checked several at a time.</summary>
public sealed class GuessedTokensTests
{
    private readonly ManualTime _time = new();

    [Fact]
    public async Task An_answer_that_repeats_itself_comes_in_fewer_steps_and_is_the_same()
    {
        var engine = Engine(checkMilliseconds: 15);
        var answer = await AnswerAsync(engine, 200);

        Assert.Equal(await AnswerAsync(Plain(engine), 200), answer);
        Assert.InRange(engine.Log.Count(e => e.What == "step" || e.What.StartsWith("verify", StringComparison.Ordinal)), 20, 100);
    }

    [Fact]
    public async Task Where_guesses_are_wrong_they_are_given_up_and_the_answer_is_the_same()
    {
        // Any three of six letters have come before soon, and say nothing of what follows.
        var letters = new Random(1);
        var text = Enumerable.Range(0, 2000).Select(_ => 'a' + letters.Next(6)).ToArray();
        var engine = Engine(checkMilliseconds: 15);
        engine.Next = tokens => text[tokens.Count];
        var answer = await AnswerAsync(engine, 1500);

        Assert.Equal(await AnswerAsync(Plain(engine), 1500), answer);
        Assert.InRange(engine.Log.Count(e => e.What.StartsWith("verify", StringComparison.Ordinal)), 3, 60);
    }

    [Fact]
    public async Task Where_checking_costs_more_than_it_brings_it_is_given_up()
    {
        var engine = Engine(checkMilliseconds: 200);
        await AnswerAsync(engine, 200);

        Assert.InRange(engine.Log.Count(e => e.What.StartsWith("verify", StringComparison.Ordinal)), 3, 12);
    }

    [Theory]
    [InlineData(30)]
    [InlineData(31)]
    [InlineData(32)]
    [InlineData(37)]
    public async Task An_answer_ends_at_its_limit_and_at_the_end_token_in_the_middle_of_right_guesses(int tokens)
    {
        var engine = Engine(checkMilliseconds: 10);
        Assert.Equal(tokens, (await AnswerAsync(engine, tokens)).Length);

        var ending = Engine(checkMilliseconds: 10);
        ending.Next = t => t.Count == 3 + tokens ? FakeEngine.End : 'a' + (t.Count % 5);
        Assert.Equal(tokens, (await AnswerAsync(ending, 200)).Length);
    }

    [Fact]
    public async Task The_context_is_never_exceeded()
    {
        var engine = Engine(checkMilliseconds: 10, context: 64);
        Assert.Equal(61, (await AnswerAsync(engine, 1000)).Length);
    }

    [Fact]
    public async Task A_deterministic_answer_and_one_that_is_not_alone_get_no_guesses()
    {
        var engine = Engine(checkMilliseconds: 10);
        await using var scheduler = new GenerationScheduler(engine, new SchedulerOptions(), _time);
        await Answer.OfAsync(scheduler, Request(60) with { Deterministic = true });

        Assert.DoesNotContain(engine.Log, e => e.What.StartsWith("verify", StringComparison.Ordinal));
    }

    private static GenerationRequest Request(int tokens) => new()
    {
        Prompt = ['x', 'y', 'z'],
        MaxNewTokens = tokens,
        Sampling = new SamplingOptions { Seed = 1, Temperature = 0 },
    };

    private static FakeEngine Plain(FakeEngine engine) => new() { Next = engine.Next };

    /// <summary>A step takes 10 ms.</summary>
    private FakeEngine Engine(int checkMilliseconds, int context = 8192)
    {
        var engine = new FakeEngine { MaxDraft = 8, ContextLength = context, Next = tokens => 'a' + (tokens.Count % 5) };
        engine.During = (_, what) => _time.Advance(TimeSpan.FromMilliseconds(what == "step" ? 10 : checkMilliseconds));
        return engine;
    }

    private async Task<string> AnswerAsync(FakeEngine engine, int tokens)
    {
        await using var scheduler = new GenerationScheduler(engine, new SchedulerOptions(), _time);
        return (await Answer.OfAsync(scheduler, Request(tokens))).Text;
    }
}
