using OffLM.Fleet.Tests.Support;

namespace OffLM.Fleet.Tests.Store;

/// <summary>Whatever the order, the copies and the faults: the same messages leave the same state.</summary>
public sealed class OrderTests
{
    [Fact]
    public void The_same_messages_in_any_order_and_number_leave_the_same_state()
    {
        for (var seed = 1; seed <= 150; seed++)
        {
            var random = new Random(seed);
            var scenario = Scenario.Create(random);
            var expected = StateAfter(scenario.InOrder);
            for (var round = 0; round < 3; round++)
            {
                var actual = StateAfter(scenario.Shuffled(random));
                Assert.True(expected == actual, $"Seed {seed}, round {round}:\n{expected}\n{actual}");
            }
        }
    }

    [Fact]
    public async Task Several_collectors_on_one_database_leave_the_same_state()
    {
        for (var seed = 1; seed <= 10; seed++)
        {
            var random = new Random(seed);
            var scenario = Scenario.Create(random);
            using var folder = new TestFolder();
            var path = folder["fleet.db"];
            using (var main = new TestBook(path: path))
            {
                BookState.Introduce(main);
                var shares = Enumerable.Range(0, 4).Select(_ => scenario.Shuffled(random).ToList()).ToList();

                // What comes late comes when all else has.
                shares.ForEach(share => share.RemoveAll(m => scenario.Late.Any(late => ReferenceEquals(late.Message, m.Message))));
                await Task.WhenAll(shares.Select(share => Task.Factory.StartNew(
                    () =>
                    {
                        using var book = new TestBook(path: path);
                        share.ForEach(m => book.Take(m.Message, m.Topic));
                    },
                    CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)));
                scenario.InOrder.Concat(scenario.Late).ToList().ForEach(m => main.Take(m.Message, m.Topic));
                Assert.Equal(StateAfter(scenario.InOrder), BookState.Of(main.Database));
                BookState.AssertHolds(main.Database);
            }
        }
    }

    [Fact]
    public async Task A_database_that_several_make_at_once_is_made_once()
    {
        using var folder = new TestFolder();
        for (var round = 0; round < 150; round++)   // they meet at the change to a write-ahead log in one of a few dozen
        {
            var path = folder[$"fleet-{round}.db"];
            using var together = new Barrier(8);
            await Task.WhenAll(Enumerable.Range(0, together.ParticipantCount).Select(_ => Task.Factory.StartNew(
                () =>
                {
                    together.SignalAndWait();
                    using var book = new TestBook(path: path);
                    Assert.Equal(0, book.Batches.LastId());
                },
                CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)));
        }
    }

    private static string StateAfter(IEnumerable<(byte[] Message, string Topic)> messages)
    {
        using var book = new TestBook();
        BookState.Introduce(book);
        foreach (var (message, topic) in messages)
        {
            foreach (var answer in book.Take(message, topic))
            {
                Assert.True(book.IsSigned(answer));
            }
        }

        BookState.AssertHolds(book.Database);
        return BookState.Of(book.Database);
    }
}
