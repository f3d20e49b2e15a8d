using System.Collections.Concurrent;
using Microsoft.Extensions.Logging.Abstractions;
using OffLM.Edge.Metering.Interop.Sqlite;
using OffLM.Edge.Signing;
using OffLM.Fleet.Collecting;
using OffLM.Fleet.Store;
using OffLM.Fleet.Tests.Support;
using OffLM.Fleet.Verification;

namespace OffLM.Fleet.Tests.Collecting;

/// <summary>What the writer does when the disk is full or fails, and when a message is more than it can handle.</summary>
public sealed class StoreWriterTests : IDisposable
{
    private const int Full = 13;
    private const int IoError = 10;

    private readonly TestFolder _folder = new();
    private readonly KeyFileKey _key = new("collector", Keccak256.Hash("a collector for tests"u8).ToArray());
    private readonly ConcurrentQueue<Answer> _answers = [];
    private readonly ContentCheck _check = new(TypedDomain.TestNetwork);
    private int _opened;

    [Theory]
    [InlineData(Full, 1)]
    [InlineData(IoError, 2)]
    public async Task What_could_not_be_stored_is_tried_again_and_answered_only_then(int code, int connections)
    {
        await using var writer = Start(TimeProvider.System);
        var failures = 2;
        var answersMeanwhile = 0;
        var message = new TestNode("a").Next();
        await writer.AddAsync(
            new StoreWork(session =>
            {
                var answers = session.Book.Take(Arrival.Read(message.Topic, message.Bytes, _check));
                answersMeanwhile += _answers.Count;
                return failures-- > 0 ? throw new SqliteException(code, "injected") : answers;
            }),
            default);
        await Until.TrueAsync(() => !_answers.IsEmpty, () => "There is no answer.");
        Assert.Equal((0, 0L), (answersMeanwhile, writer.GivenUp));
        Assert.Equal(connections, Math.Min(_opened, 2));
        TestBook.Settled([.. _answers]);
    }

    [Fact]
    public async Task What_can_not_be_stored_for_long_is_given_up_and_the_next_is_stored_when_that_is_possible()
    {
        await using var writer = Start(new HurriedTime());
        var isFull = true;
        var (first, second) = (new TestNode("a").Next(), new TestNode("b").Next());
        await writer.AddAsync(Storing(first), default);
        await Until.TrueAsync(() => writer.GivenUp == 1, () => "It was not given up.");
        Volatile.Write(ref isFull, false);
        await writer.AddAsync(Storing(second), default);
        await Until.TrueAsync(() => !_answers.IsEmpty, () => "There is no answer.");
        Assert.Equal(second.Hash, Assert.Single(_answers).Acknowledgement.BatchHash);

        StoreWork Storing(SignedMessage message) => new(session => Volatile.Read(ref isFull)
            ? throw new SqliteException(Full, "injected")
            : session.Book.Take(Arrival.Read(message.Topic, message.Bytes, _check)));
    }

    [Fact]
    public async Task A_fault_in_one_message_does_not_take_the_others_with_it()
    {
        await using (var writer = Start(TimeProvider.System))
        {
            using var held = new ManualResetEventSlim();
            await writer.AddAsync(
                new StoreWork(_ =>
                {
                    held.Wait();
                    return [];
                }),
                default);
            var messages = Enumerable.Range(0, 6).Select(i => new TestNode($"node {i}").Next()).ToList();
            for (var i = 0; i < messages.Count; i++)
            {
                var message = messages[i];
                await writer.AddAsync(
                    i == 3 ? new StoreWork(_ => throw new InvalidOperationException("injected")) : new StoreWork(s => s.Book.Take(Arrival.Read(message.Topic, message.Bytes, _check))),
                    default);
            }

            held.Set();
        }

        Assert.Equal(5, _answers.Count);
        using var database = FleetDatabase.OpenReadOnly(_folder["fleet.db"]);
        Assert.Equal(5, new NodeTable(database.Connection).All().Count);
    }

    public void Dispose()
    {
        _key.Dispose();
        _folder.Dispose();
    }

    private StoreWriter Start(TimeProvider time)
    {
        var writer = new StoreWriter(
            Open(), Open,
            answer =>
            {
                _answers.Enqueue(answer);
                return ValueTask.CompletedTask;
            },
            time, NullLogger<StoreWriter>.Instance);
        writer.Start();
        return writer;
    }

    private StoreSession Open()
    {
        _opened++;
        return StoreSession.Open(_folder["fleet.db"], new BookRules(TypedDomain.TestNetwork, TrustOnFirstUse: true), new Notary(_key), TimeProvider.System);
    }

    /// <summary>A clock on which 20 s pass whenever it is looked at.</summary>
    private sealed class HurriedTime : TimeProvider
    {
        private long _seconds;

        public override long TimestampFrequency => 1;

        public override long GetTimestamp() => Interlocked.Add(ref _seconds, 20);
    }
}
