using OffLM.Edge.Inference.Tests.Support;

namespace OffLM.Edge.Inference.Tests.Embeddings;

/// <summary>Requests for embeddings take turns, can be cancelled, and end in every case.</summary>
public sealed class EmbeddingSchedulerTests(TinyEncoder tiny) : IClassFixture<TinyEncoder>
{
    private const int Width = 64;

    [Fact]
    public async Task A_beginning_of_an_embedding_has_length_1_too()
    {
        await using var scheduler = Scheduler(new SchedulerOptions());
        scheduler.Reserve();
        scheduler.Reserve();
        var whole = await scheduler.Start([TinyModel.Prompt(9)], Width).Completion;
        var part = await scheduler.Start([TinyModel.Prompt(9)], 16).Completion;
        var length = Math.Sqrt(whole.Vectors.Take(16).Sum(x => (double)x * x));

        Assert.Equal((16, 16), (part.Dimensions, part.Vectors.Length));
        Assert.All(part.Vectors.Zip(whole.Vectors), pair => Assert.Equal(pair.Second / length, pair.First, 1e-5));
    }

    [Fact]
    public async Task Many_texts_come_in_their_order_however_they_are_batched()
    {
        await using var scheduler = Scheduler(new SchedulerOptions());
        int[][] texts = [.. Enumerable.Range(0, 90).Select(i => TinyModel.Prompt(1 + (i * 37 % 100), i))];
        var tokens = 0;
        scheduler.Reserve();
        var result = await scheduler.Start(texts, Width, count => tokens += count).Completion;

        Assert.Equal((FinishReason.Stop, texts.Length * Width), (result.Reason, result.Vectors.Length));
        Assert.Equal(texts.Sum(t => t.Length), tokens);
        Assert.Equal(tokens, scheduler.Statistics.PromptTokens);
        Assert.InRange(scheduler.Statistics.Steps, 5, 20);
        foreach (var i in (int[])[0, 44, 89])
        {
            scheduler.Reserve();
            var alone = await scheduler.Start([texts[i]], Width).Completion;
            Assert.All(alone.Vectors.Zip(result.Vectors.Skip(i * Width)), pair => Assert.Equal(pair.First, pair.Second, 1e-4));
        }
    }

    [Fact]
    public async Task A_short_request_does_not_wait_for_a_long_one_to_end()
    {
        var gate = new Gate();
        await using var scheduler = Scheduler(new SchedulerOptions { BetweenSteps = gate.Pass });
        scheduler.Reserve();
        scheduler.Reserve();
        var large = scheduler.Start([.. Enumerable.Repeat(TinyModel.Prompt(400), 600)], Width);
        await Eventually.TrueAsync(() => large.HasBegun, "the long request begins");
        var small = scheduler.Start([TinyModel.Prompt(5)], Width);
        gate.Open();

        var result = await small.Completion;

        Assert.False(large.Completion.IsCompleted);
        Assert.Equal((FinishReason.Stop, false), (result.Reason, result.RanAlone));
        large.Cancel();
        Assert.Equal(FinishReason.Cancelled, (await large.Completion).Reason);
    }

    [Fact]
    public async Task Cancelling_ends_a_request_that_waits_and_one_that_runs()
    {
        await using var scheduler = Scheduler(new SchedulerOptions());
        scheduler.Reserve();
        scheduler.Reserve();
        var running = scheduler.Start([.. Enumerable.Repeat(TinyModel.Prompt(500), 400)], Width);
        var waiting = scheduler.Start([TinyModel.Prompt(5), .. Enumerable.Repeat(TinyModel.Prompt(500), 400)], Width);
        await Eventually.TrueAsync(() => running.HasBegun, "the first request begins");
        waiting.Cancel();
        running.Cancel();

        Assert.Equal(FinishReason.Cancelled, (await waiting.Completion).Reason);
        var ended = await running.Completion;
        Assert.Equal((FinishReason.Cancelled, 0), (ended.Reason, ended.Vectors.Length));
        running.Cancel();
    }

    [Fact]
    public async Task Shutting_down_interrupts_and_a_full_queue_refuses()
    {
        var scheduler = Scheduler(new SchedulerOptions { MaxActive = 1, MaxWaiting = 0, Pace = () => 0 });
        scheduler.Reserve();
        Assert.Throws<QueueFullException>(scheduler.Reserve);
        var paused = scheduler.Start([TinyModel.Prompt(5)], Width);
        await scheduler.DisposeAsync();

        Assert.Equal(FinishReason.Interrupted, (await paused.Completion).Reason);
        Assert.Equal(FinishReason.Interrupted, (await scheduler.Start([TinyModel.Prompt(5)], Width).Completion).Reason);
    }

    [Fact]
    public async Task An_error_of_the_engine_ends_its_request_only()
    {
        await using var scheduler = Scheduler(new SchedulerOptions());
        scheduler.Reserve();
        var result = await scheduler.Start([[1, 2, 5000]], Width).Completion;

        Assert.Equal(FinishReason.Error, result.Reason);
        Assert.NotEmpty(result.Error!);
        scheduler.Reserve();
        Assert.Equal(FinishReason.Stop, (await scheduler.Start([[1, 2]], Width).Completion).Reason);
    }

    private EmbeddingScheduler Scheduler(SchedulerOptions options) => new(tiny.Engine, options, TimeProvider.System);
}
