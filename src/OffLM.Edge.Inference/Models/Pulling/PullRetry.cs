namespace OffLM.Edge.Inference;

/// <summary>Tries again after failures of the network or the server, with growing pauses. Progress makes the count begin again.</summary>
internal sealed class PullRetry(TimeProvider clock, TimeSpan firstPause)
{
    private const int MaxAttempts = 5;
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(2);

    /// <param name="attempt">Says how far it came by its argument: a number that grows with progress.</param>
    /// <param name="cancellationToken">Ends attempts and pauses.</param>
    /// <exception cref="ModelPullException">It failed too often, or in a way that trying again won't change.</exception>
    internal async Task<T> RunAsync<T>(Func<Action<long>, Task<T>> attempt, CancellationToken cancellationToken)
    {
        var furthest = 0L;
        for (var failures = 1; ; failures++)
        {
            try
            {
                return await attempt(position =>
                {
                    if (position > furthest)
                    {
                        (furthest, failures) = (position, 1);
                    }
                }).ConfigureAwait(false);
            }
            catch (Exception e) when (!cancellationToken.IsCancellationRequested
                && !IsLocal(e) && e is PullAttemptException or HttpRequestException or IOException or OperationCanceledException)
            {
                var known = e as PullAttemptException;
                if (failures >= MaxAttempts || known is { IsWorthRetrying: false })
                {
                    throw new ModelPullException(known is null ? $"The connection failed {failures} times: {e.Message}" : e.Message, e);
                }

                var pause = known?.RetryAfter ?? firstPause * Math.Pow(2, failures - 1) * (0.75 + (Random.Shared.NextDouble() / 2));
                await Task.Delay(pause < LongestPause ? pause : LongestPause, clock, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    /// <summary>True if it is not the connection but this machine's disk that fails. Errors of files carry the system's number, those of connections don't.</summary>
    private static bool IsLocal(Exception error) => error is DirectoryNotFoundException or FileNotFoundException or PathTooLongException or IOException { HResult: > 0 };
}
