using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using OffLM.Edge.Metering.Interop.Sqlite;
using OffLM.Fleet.Store;

namespace OffLM.Fleet.Collecting;

/// <summary>
/// This process's one writer, on a thread of its own. Whatever waits while one commit's fsync runs goes into the next commit
/// together. Answers are handed on only when they are durable; what can't be stored is tried again for a while, then given
/// up: its node sends it again.
/// </summary>
internal sealed partial class StoreWriter : IAsyncDisposable
{
    /// <summary>Bounds a transaction, and with it how long the other collectors wait for the lock: about a tenth of a second.</summary>
    private const int MaxGroup = 32;

    /// <summary>What waits for the writer at most, about 150 kB each.</summary>
    private const int QueueLimit = 64;

    /// <summary>How often batches are looked for that may go on because an operator trusts their node now.</summary>
    private static readonly TimeSpan SweepInterval = TimeSpan.FromSeconds(2);

    private static readonly StoreWork Sweep = new(session => session.Book.TakeDue());

    private static readonly TimeSpan RetryInterval = TimeSpan.FromSeconds(1);

    /// <summary>How long one group is tried before it is given up, when the trouble begins; while it lasts, each is tried once.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly Channel<StoreWork> _queue = Channel.CreateBounded<StoreWork>(QueueLimit);
    private readonly CancellationTokenSource _stop = new();
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Func<StoreSession> _open;
    private readonly Func<Answer, ValueTask> _answer;
    private readonly TimeProvider _time;
    private readonly ILogger<StoreWriter> _logger;
    private StoreSession? _session;
    private bool _reported;
    private bool _troubled;
    private long _lastSweep;
    private long _givenUp;

    /// <param name="session">The first connection.</param>
    /// <param name="reopen">Makes another after the disk failed.</param>
    /// <param name="answer">Takes an answer that is durable.</param>
    /// <param name="time">For pauses.</param>
    /// <param name="logger">Told what can't be stored.</param>
    public StoreWriter(StoreSession session, Func<StoreSession> reopen, Func<Answer, ValueTask> answer, TimeProvider time, ILogger<StoreWriter> logger) =>
        (_session, _open, _answer, _time, _logger) = (session, reopen, answer, time, logger);

    /// <summary>Messages that could not be stored since the start.</summary>
    public long GivenUp => Interlocked.Read(ref _givenUp);

    public void Start() => new Thread(Loop) { Name = "store", IsBackground = true }.Start();

    /// <summary>Queues work; waits while too much of it waits.</summary>
    public ValueTask AddAsync(StoreWork work, CancellationToken cancellation) => _queue.Writer.WriteAsync(work, cancellation);

    /// <summary>Stores what is queued and ends.</summary>
    public async ValueTask DisposeAsync()
    {
        _queue.Writer.TryComplete();
        await _stop.CancelAsync();
        await _ended.Task;
        _session?.Dispose();
        _stop.Dispose();
    }

    private void Loop()
    {
        try
        {
            var group = new List<StoreWork>(MaxGroup);
            while (WaitForWork())
            {
                while (group.Count < MaxGroup && _queue.Reader.TryRead(out var work))
                {
                    group.Add(work);
                }

                Store(group);
                group.Clear();
                SweepIfDue();
                while (_session is { Book.HasMoreDue: true } && !_troubled)
                {
                    Store([Sweep]);
                }
            }

            _ended.SetResult();
        }
        catch (Exception e)
        {
            _ended.SetException(e);
        }
    }

    /// <summary>Waits for work, or until it is time to sweep; false at the end.</summary>
    private bool WaitForWork()
    {
        var waiting = _queue.Reader.WaitToReadAsync().AsTask();
        while (!waiting.Wait(SweepInterval))
        {
            SweepIfDue();
        }

        return waiting.Result;
    }

    private void SweepIfDue()
    {
        if (_time.GetElapsedTime(_lastSweep) >= SweepInterval)
        {
            _lastSweep = _time.GetTimestamp();
            Store([Sweep]);
        }
    }

    private void Store(IReadOnlyList<StoreWork> group)
    {
        for (var since = _time.GetTimestamp(); ;)
        {
            try
            {
                Commit(group);
                if (_reported)
                {
                    (_troubled, _reported) = (false, false);
                    LogRecovered();
                }

                return;
            }
            catch (Exception e) when (e is SqliteException or InvalidDataException or IOException or UnauthorizedAccessException)
            {
                Recover(e);
                if (_troubled || _stop.IsCancellationRequested || _time.GetElapsedTime(since) > Patience)
                {
                    _troubled = true;
                    Interlocked.Add(ref _givenUp, group.Count);
                    return;
                }

                _stop.Token.WaitHandle.WaitOne(RetryInterval);
            }
            catch (Exception e)
            {
                // A fault in one must not take the others with it.
                if (group.Count == 1)
                {
                    LogFault(e);
                    return;
                }

                foreach (var work in group)
                {
                    Store([work]);
                }

                return;
            }
        }
    }

    private void Commit(IReadOnlyList<StoreWork> group)
    {
        var session = _session ??= _open();
        var answers = session.Database.Write(() =>
        {
            var all = new List<Answer>();
            foreach (var work in group)
            {
                all.AddRange(work.Run(session));
            }

            return all;
        });
        foreach (var answer in answers)
        {
            // The thread waits here while the broker is slow: then nothing more is taken in either.
            _answer(answer).AsTask().Wait();
        }
    }

    /// <summary>
    /// After a failed write or fsync the system may claim that pages are written which it dropped: only a connection that was opened afresh is used.
    /// </summary>
    private void Recover(Exception error)
    {
        if (!_reported)
        {
            _reported = true;
            LogTrouble(error.Message);
        }

        if (error is SqliteException { IsFull: false, IsBusy: false })
        {
            _session?.Dispose();
            _session = null;
        }
    }

    [LoggerMessage(LogLevel.Error, "Nothing can be stored, so nothing is answered; it is tried again, and nodes will send again: {Problem}")]
    private partial void LogTrouble(string problem);

    [LoggerMessage(LogLevel.Information, "The database can be written again")]
    private partial void LogRecovered();

    [LoggerMessage(LogLevel.Critical, "A message could not be handled; it is passed over")]
    private partial void LogFault(Exception error);
}
