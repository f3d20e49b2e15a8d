using System.Collections.Concurrent;

namespace OffLM.Edge.Work.Callers;

/// <summary>
/// Requests and tokens per minute, per key: buckets that hold one minute's worth and refill evenly, on the monotonic clock,
/// so that setting the wall clock neither frees nor blocks anybody.
/// </summary>
public sealed class RateLimiter(TimeProvider time)
{
    private readonly ConcurrentDictionary<string, Buckets> _buckets = new();

    /// <summary>Takes one request from the key's minute.</summary>
    /// <returns>Null if it may go on; else which limit is reached and when to try again.</returns>
    public (string Limit, TimeSpan RetryAfter)? TakeRequest(ApiKey key)
    {
        var buckets = For(key);
        lock (buckets)
        {
            var now = time.GetTimestamp();
            if (key.TokensPerMinute is { } tokens && buckets.Tokens.Refill(tokens, Elapsed(ref buckets.Tokens.At, now)) < 1)
            {
                return ($"{tokens} tokens per minute", buckets.Tokens.Until(1, tokens));
            }

            if (key.RequestsPerMinute is { } requests)
            {
                if (buckets.Requests.Refill(requests, Elapsed(ref buckets.Requests.At, now)) < 1)
                {
                    return ($"{requests} requests per minute", buckets.Requests.Until(1, requests));
                }

                buckets.Requests.Level--;
            }

            return null;
        }
    }

    /// <summary>Takes what an answer used; the next request waits until the minute has room again.</summary>
    public void SpendTokens(ApiKey key, long tokens)
    {
        if (key.TokensPerMinute is null)
        {
            return;
        }

        var buckets = For(key);
        lock (buckets)
        {
            buckets.Tokens.Level -= tokens;
        }
    }

    private Buckets For(ApiKey key) => _buckets.GetOrAdd(key.Id, _ =>
    {
        var now = time.GetTimestamp();
        return new Buckets
        {
            Requests = { Level = key.RequestsPerMinute ?? 0, At = now },
            Tokens = { Level = key.TokensPerMinute ?? 0, At = now },
        };
    });

    private TimeSpan Elapsed(ref long since, long now)
    {
        var elapsed = time.GetElapsedTime(since, now);
        since = now;
        return elapsed;
    }

    private sealed class Buckets
    {
        public Bucket Requests { get; } = new();

        public Bucket Tokens { get; } = new();
    }

    private sealed class Bucket
    {
        public double Level;
        public long At;

        public double Refill(int perMinute, TimeSpan elapsed) => Level = Math.Min(perMinute, Level + (perMinute * elapsed.TotalMinutes));

        /// <summary>In whole seconds, as Retry-After has it; never too early.</summary>
        public TimeSpan Until(double level, int perMinute) => TimeSpan.FromSeconds(Math.Ceiling((level - Level) * 60 / perMinute));
    }
}
