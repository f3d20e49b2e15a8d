using Microsoft.Extensions.Logging;
using OffLM.Mqtt.Connecting;

namespace OffLM.Mqtt;

/// <summary>What the connect loop tells of the link, and what is made of it.</summary>
public sealed partial class MqttConnection : ILinkObserver
{
    private string? _loggedProblem;

    void ILinkObserver.LinkChanged(MqttLink link)
    {
        if (link.State == LinkState.Connected)
        {
            Connected(_logger, _options.Broker, link.Session!.SessionPresent ? "which still had our session" : "with a new session");
        }

        // Digits do not count: a sentence may name the time.
        var problem = link.Problem is null ? null : string.Concat(link.Problem.Where(c => !char.IsAsciiDigit(c)));
        if (problem is not null && problem != _loggedProblem)
        {
            Trouble(_logger, _options.Broker, link.Problem!);
        }

        if (problem is not null || link.State == LinkState.Connected)
        {
            _loggedProblem = problem;
        }

        Tell(link);
    }

    async Task ILinkObserver.ConnectedAsync(MqttSession session, CancellationToken cancellation)
    {
        if (OnConnected is not { } work)
        {
            return;
        }

        try
        {
            await work(session, cancellation);
        }
        catch (Exception exception) when (exception is OperationCanceledException or MqttDisconnectedException && cancellation.IsCancellationRequested)
        {
            // The link went; the next connect does it again.
        }
        catch (Exception exception)
        {
            WorkFailed(_logger, exception);
        }
    }

    private void Tell(MqttLink link)
    {
        _link = link;
        try
        {
            LinkChanged?.Invoke(link);
        }
        catch (Exception exception)
        {
            ListenerFailed(_logger, exception);
        }
    }

    [LoggerMessage(LogLevel.Information, "Connected to {Broker}, {Session}")]
    private static partial void Connected(ILogger logger, Uri broker, string session);

    [LoggerMessage(LogLevel.Warning, "MQTT {Broker}: {Problem}")]
    private static partial void Trouble(ILogger logger, Uri broker, string problem);

    [LoggerMessage(LogLevel.Error, "What was to be done after connecting failed")]
    private static partial void WorkFailed(ILogger logger, Exception exception);

    [LoggerMessage(LogLevel.Error, "A listener to the state of the connection failed")]
    private static partial void ListenerFailed(ILogger logger, Exception exception);
}
