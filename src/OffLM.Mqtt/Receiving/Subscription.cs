using System.Threading.Channels;
using Microsoft.Extensions.Logging;

namespace OffLM.Mqtt.Receiving;

/// <summary>A topic filter with its handler, which gets one message at a time, in the order they came.</summary>
internal sealed partial class Subscription(
    string filter, Delivery delivery, Func<MqttMessage, CancellationToken, ValueTask> handler, Inbox inbox, ILogger logger)
{
    private readonly Channel<MqttMessage> _queue =
        Channel.CreateUnbounded<MqttMessage>(new UnboundedChannelOptions { SingleReader = true });   // bounded by the inbox

    public string Filter => filter;

    public Delivery Delivery => delivery;

    /// <summary>Queues a message for the handler, on the library's thread.</summary>
    /// <returns>False if more waits than may.</returns>
    public bool Take(MqttMessage message) => !_queue.Writer.TryWrite(message) || inbox.Enter(Inbox.Weight(message));

    /// <summary>Hands the messages to the handler until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        try
        {
            await foreach (var message in _queue.Reader.ReadAllAsync(cancellation))
            {
                try
                {
                    await handler(message, cancellation);
                }
                catch (Exception exception) when (exception is not OperationCanceledException || !cancellation.IsCancellationRequested)
                {
                    HandlerFailed(logger, message.Topic, exception);
                }
                finally
                {
                    inbox.Leave(Inbox.Weight(message));
                }
            }
        }
        catch (OperationCanceledException)
        {
            // Stopped.
        }
    }

    [LoggerMessage(LogLevel.Error, "A message on {Topic} could not be handled")]
    private static partial void HandlerFailed(ILogger logger, string topic, Exception exception);
}
