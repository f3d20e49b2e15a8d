using OffLM.Edge.Tests.Shared;
using OffLM.Edge.Work.Callers;

namespace OffLM.Edge.Work.Tests.Callers;

public sealed class RateLimiterTests
{
    private readonly ManualTime _clock = new();

    [Fact]
    public void A_key_gets_its_requests_per_minute_and_then_waits_for_the_next()
    {
        var limiter = new RateLimiter(_clock);
        var key = Key(requests: 2);

        Assert.Null(limiter.TakeRequest(key));
        Assert.Null(limiter.TakeRequest(key));
        var (limit, retryAfter) = Present.Of(limiter.TakeRequest(key));

        Assert.Equal("2 requests per minute", limit);
        Assert.Equal(TimeSpan.FromSeconds(30), retryAfter);
        _clock.Advance(retryAfter);
        Assert.Null(limiter.TakeRequest(key));
        Assert.NotNull(limiter.TakeRequest(key));
    }

    [Fact]
    public void An_answer_longer_than_the_minutes_tokens_is_paid_back_by_waiting()
    {
        var limiter = new RateLimiter(_clock);
        var key = Key(tokens: 100);

        Assert.Null(limiter.TakeRequest(key));
        limiter.SpendTokens(key, 300);
        var (limit, retryAfter) = Present.Of(limiter.TakeRequest(key));

        Assert.Equal("100 tokens per minute", limit);
        Assert.InRange(retryAfter, TimeSpan.FromMinutes(2), TimeSpan.FromMinutes(2.1));
        _clock.Advance(retryAfter);
        Assert.Null(limiter.TakeRequest(key));
    }

    [Fact]
    public void Idle_time_saves_up_no_more_than_one_minute()
    {
        var limiter = new RateLimiter(_clock);
        var key = Key(requests: 1);

        Assert.Null(limiter.TakeRequest(key));
        _clock.Advance(TimeSpan.FromDays(1));
        Assert.Null(limiter.TakeRequest(key));
        Assert.NotNull(limiter.TakeRequest(key));
    }

    [Fact]
    public void One_keys_limit_does_not_touch_another_key()
    {
        var limiter = new RateLimiter(_clock);

        Assert.Null(limiter.TakeRequest(Key(requests: 1, id: "a")));
        Assert.NotNull(limiter.TakeRequest(Key(requests: 1, id: "a")));
        Assert.Null(limiter.TakeRequest(Key(requests: 1, id: "b")));
    }

    private static ApiKey Key(int? requests = null, int? tokens = null, string id = "a") =>
        new() { Id = id, Name = id, Scope = Scope.Use, CreatedAt = default, RequestsPerMinute = requests, TokensPerMinute = tokens };
}
