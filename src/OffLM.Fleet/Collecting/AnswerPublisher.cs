using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using OffLM.Edge.Metering.Batches;
using OffLM.Fleet.Store;
using OffLM.Mqtt;

namespace OffLM.Fleet.Collecting;

/// <summary>
/// Publishes answers, many at a time. One that the broker doesn't get is not kept: the node sends its batch again and gets the stored
/// answer then.
/// </summary>
internal sealed partial class AnswerPublisher : IAsyncDisposable
{
    /// <summary>Answers under way at once.</summary>
    private const int Parallel = 64;

    private const int QueueLimit = 1024;

    /// <summary>How long the last answers may take when the collector stops.</summary>
    private static readonly TimeSpan FinishLimit = TimeSpan.FromSeconds(5);

    private readonly Channel<Answer> _queue = Channel.CreateBounded<Answer>(QueueLimit);
    private readonly CancellationTokenSource _stop = new();
    private readonly string _fleet;
    private readonly Func<MqttMessage, CancellationToken, Task> _publish;
    private readonly ILogger<AnswerPublisher> _logger;
    private readonly Task[] _publishers;
    private long _settled;
    private long _refused;
    private long _lost;

    /// <param name="fleet">The fleet in topics.</param>
    /// <param name="publish">Completes when the broker has the message.</param>
    /// <param name="logger">Told what the broker refuses.</param>
    public AnswerPublisher(string fleet, Func<MqttMessage, CancellationToken, Task> publish, ILogger<AnswerPublisher> logger)
    {
        (_fleet, _publish, _logger) = (fleet, publish, logger);
        _publishers = [.. Enumerable.Range(0, Parallel).Select(_ => PublishAllAsync())];
    }

    /// <summary>Answers given since the start: that batches are settled, that they are refused, and those that didn't reach the broker.</summary>
    public (long Settled, long Refused, long Lost) Counts => (Interlocked.Read(ref _settled), Interlocked.Read(ref _refused), Interlocked.Read(ref _lost));

    /// <summary>Queues an answer; waits while too many wait.</summary>
    public ValueTask AddAsync(Answer answer) => _queue.Writer.WriteAsync(answer);

    /// <summary>Publishes what is queued, if the broker takes it soon, and ends.</summary>
    public async ValueTask DisposeAsync()
    {
        _queue.Writer.TryComplete();
        _stop.CancelAfter(FinishLimit);
        await Task.WhenAll(_publishers);
        _stop.Dispose();
    }

    private async Task PublishAllAsync()
    {
        await foreach (var answer in _queue.Reader.ReadAllAsync())
        {
            var message = new MqttMessage(new Topics(_fleet, answer.Topic).ReceiptAcknowledgement, answer.ToMessage());
            try
            {
                await _publish(message, _stop.Token);
                Interlocked.Increment(ref answer.Acknowledgement.Verdict == Verdict.Settled ? ref _settled : ref _refused);
            }
            catch (Exception e) when (e is MqttDisconnectedException or OperationCanceledException)
            {
                Interlocked.Increment(ref _lost);
            }
            catch (MqttPublishException e)
            {
                Interlocked.Increment(ref _lost);
                LogRefused(message.Topic, e.Message);
            }
        }
    }

    [LoggerMessage(LogLevel.Error, "The broker refuses an answer on {Topic}: {Problem}")]
    private partial void LogRefused(string topic, string problem);
}
