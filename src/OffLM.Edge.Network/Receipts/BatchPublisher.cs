using Microsoft.Extensions.Logging;
using OffLM.Mqtt;

namespace OffLM.Edge.Network.Receipts;

/// <summary>
/// Sends what is unsettled, the oldest first, a window of it at a time; again after a while where no verdict came, and all of it after
/// each connection. The ledger says what is unsettled: nothing is remembered beyond the window, so nothing can be forgotten.
/// </summary>
internal sealed partial class BatchPublisher : IDisposable
{
    /// <summary>MQTT 5, 2.4: the packet is larger than the receiver takes.</summary>
    private const byte PacketTooLarge = 0x95;

    /// <summary>The pause after the ledger could not be read.</summary>
    private static readonly TimeSpan ReadAgainAfter = TimeSpan.FromSeconds(10);

    private readonly Lock _gate = new();
    private readonly OutboxReader _outbox;
    private readonly SentRecorder _recorder;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly WakeSignal _wake;
    private readonly UnsendableBatches _unsendable = new();
    private SendWindow _window;
    private ulong _cursor;
    private string? _refusal;
    private long _sent;
    private long _sentAgain;
    private bool _running;
    private TaskCompletionSource? _quiet;

    /// <param name="outbox">Reads and encodes what is unsettled.</param>
    /// <param name="recorder">Records what the broker took.</param>
    /// <param name="time">For the pauses.</param>
    /// <param name="logger">Says what can't be sent.</param>
    public BatchPublisher(OutboxReader outbox, SentRecorder recorder, TimeProvider time, ILogger<BatchPublisher> logger)
    {
        (_outbox, _recorder, _time, _logger) = (outbox, recorder, time, logger);
        _wake = new WakeSignal(time);
        _window = NewWindow(isNewSession: true);
    }

    /// <summary>Batches that the broker took since the start.</summary>
    public long Sent => Interlocked.Read(ref _sent);

    /// <summary>Of those, the ones that it had taken before.</summary>
    public long SentAgain => Interlocked.Read(ref _sentAgain);

    /// <summary>What keeps batches from being sent, in sentences.</summary>
    public IReadOnlyList<string> Problems()
    {
        lock (_gate)
        {
            return _refusal is { } refusal ? [refusal, .. _unsendable.Problems()] : [.. _unsendable.Problems()];
        }
    }

    /// <summary>Says that the outbox changed: there may be more to send, also before what was looked at.</summary>
    public void Wake()
    {
        lock (_gate)
        {
            _cursor = 0;
        }

        _wake.Set();
    }

    /// <summary>Says that a batch has its verdict.</summary>
    public void Resolved(ulong batch)
    {
        lock (_gate)
        {
            _recorder.Remove(batch);
            _unsendable.Remove(batch);
            _window.Remove(batch);
        }

        _wake.Set();
    }

    /// <summary>Sends until the link is gone.</summary>
    /// <param name="publish">Completes when the broker took the message.</param>
    /// <param name="isNewSession">The broker had not kept the node's session.</param>
    /// <param name="linkGone">Cancelled when the connection is lost.</param>
    public async Task RunAsync(Func<MqttMessage, CancellationToken, Task> publish, bool isNewSession, CancellationToken linkGone)
    {
        lock (_gate)
        {
            (_window, _cursor, _refusal, _running) = (NewWindow(isNewSession), 0, null, true);
        }

        var leaving = new List<Task>();
        try
        {
            while (true)
            {
                leaving.RemoveAll(task => task.IsCompleted);
                if (await TakeNextAsync(linkGone) is { } next)
                {
                    leaving.Add(SendAsync(next, publish, linkGone));
                    continue;
                }

                if (_recorder.UntilDue is { Ticks: 0 })
                {
                    await _recorder.RecordAsync();
                }

                TellQuiet(leaving.TrueForAll(task => task.IsCompleted));
                await _wake.WaitAsync(UntilDue(), linkGone);
            }
        }
        finally
        {
            await Task.WhenAll(leaving);
            await _recorder.RecordAsync();
            lock (_gate)
            {
                _running = false;
            }

            TellQuiet(true);
        }
    }

    /// <summary>Waits until the broker has taken what is unsettled, or a window of it; at once where there is no connection.</summary>
    public async Task FlushAsync(TimeSpan limit)
    {
        var quiet = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_gate)
        {
            if (!_running)
            {
                return;
            }

            // Woken first: a loop that sees the question but not the call would answer for what it had looked at before.
            Wake();
            Volatile.Write(ref _quiet, quiet);
        }

        await Task.WhenAny(quiet.Task, Task.Delay(limit, _time));
    }

    public void Dispose()
    {
        _wake.Dispose();
        _outbox.Dispose();
    }

    private SendWindow NewWindow(bool isNewSession) => new(_time, Random.Shared.NextDouble, isNewSession);

    private void TellQuiet(bool isQuiet)
    {
        if (isQuiet && !_wake.IsSet)
        {
            Interlocked.Exchange(ref _quiet, null)?.TrySetResult();
        }
    }

    /// <summary>What is to be sent now: what is due again, else the next of the outbox while there is room.</summary>
    private async Task<OutgoingBatch?> TakeNextAsync(CancellationToken linkGone)
    {
        try
        {
            linkGone.ThrowIfCancellationRequested();
            while (Locked(() => _window.TakeDue()) is { } due)
            {
                switch (await _outbox.AgainAsync(due))
                {
                    case { Payload: not null } again:
                        return again with { WasSent = true };
                    case { Problem: { } problem }:
                        SetAside(due, problem);
                        break;
                    default:
                        Resolved(due);
                        break;
                }
            }

            while (Locked(() => _window.HasRoom ? _cursor : (ulong?)null) is { } after)
            {
                if (await _outbox.NextAsync(after, batch => Locked(() => _window.Contains(batch))) is not { } next)
                {
                    return null;
                }

                if (TakeIn(next, after))
                {
                    return next;
                }
            }
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            LogUnreadable(e.GetType().Name, e.Message);
            await _wake.WaitAsync(ReadAgainAfter, linkGone);
        }

        return null;
    }

    private bool TakeIn(OutgoingBatch next, ulong after)
    {
        lock (_gate)
        {
            // Unless the outbox changed meanwhile and is looked through from its beginning.
            _cursor = _cursor == after ? next.Batch : _cursor;
            if (next.Payload is { } payload)
            {
                _window.Add(next.Batch, payload.Length);
                return true;
            }
        }

        SetAside(next.Batch, next.Problem!);
        return false;
    }

    private async Task SendAsync(OutgoingBatch batch, Func<MqttMessage, CancellationToken, Task> publish, CancellationToken linkGone)
    {
        try
        {
            await publish(new MqttMessage(batch.Topic, batch.Payload!), linkGone);
            Taken(batch);
        }
        catch (MqttPublishException e) when (e.ReasonCode == PacketTooLarge)
        {
            SetAside(batch.Batch, $"Batch {batch.Batch} can't be sent: its {batch.Payload!.Length} bytes are more than the broker takes in one packet. "
                + "It was signed as a whole and can't be divided: raise the broker's maximum packet size (mosquitto: max_packet_size).");
        }
        catch (MqttPublishException e)
        {
            HeldBack(batch, $"The broker refuses receipts on {batch.Topic}: {e.Message.TrimEnd('.')}. They stay in the ledger and are tried again.");
        }
        catch (Exception e) when (e is MqttDisconnectedException or OperationCanceledException)
        {
            // Whether it arrived is unknown: all that is unsettled is sent again with the next connection.
        }

        _wake.Set();
    }

    private void Taken(OutgoingBatch batch)
    {
        Interlocked.Increment(ref _sent);
        if (batch.WasSent)
        {
            Interlocked.Increment(ref _sentAgain);
        }
        else
        {
            _recorder.Add(batch.Batch);
        }

        lock (_gate)
        {
            _refusal = null;
            _unsendable.Remove(batch.Batch);
            _window.Taken(batch.Batch);
        }
    }

    private void HeldBack(OutgoingBatch batch, string refusal)
    {
        bool isNew;
        lock (_gate)
        {
            isNew = _refusal is null;
            _refusal = refusal;
            _window.HeldBack(batch.Batch);
        }

        if (isNew)
        {
            LogProblem(refusal);
        }
    }

    private void SetAside(ulong batch, string problem)
    {
        bool isNew;
        lock (_gate)
        {
            isNew = _unsendable.Add(batch, problem);
            _window.Remove(batch);
        }

        if (isNew)
        {
            LogProblem(problem);
        }
    }

    private TimeSpan? UntilDue() => (Locked(() => _window.UntilDue()), _recorder.UntilDue) switch
    {
        ({ } send, { } record) => send < record ? send : record,
        var (send, record) => send ?? record,
    };

    private T Locked<T>(Func<T> read)
    {
        lock (_gate)
        {
            return read();
        }
    }

    [LoggerMessage(LogLevel.Error, "{Problem}")]
    private partial void LogProblem(string problem);

    [LoggerMessage(LogLevel.Error, "Batches can't be read for sending; it is tried again: {Kind}: {Reason}")]
    private partial void LogUnreadable(string kind, string reason);
}
