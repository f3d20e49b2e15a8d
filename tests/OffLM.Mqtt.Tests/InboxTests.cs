using System.Text;
using OffLM.Shared.Mqtt;

namespace OffLM.Mqtt.Tests;

public sealed class InboxTests
{
    [Fact]
    public async Task A_handler_that_throws_is_told_and_the_next_message_comes()
    {
        await using var broker = await MosquittoBroker.StartAsync();
        await using var client = new TestClient(TestClient.Options(broker.Uri));
        client.Connection.Subscribe("a", Delivery.AtLeastOnce, (message, _) =>
        {
            client.Received.Enqueue(message);
            throw new InvalidDataException("cannot be read");
        });
        await client.ConnectedAsync();

        await client.PublishAsync("a", "1");
        await client.PublishAsync("a", "2");
        await client.ReceivedAsync(2);

        await TestClient.UntilAsync(() => client.Complaints.Count == 2, () => "two complaints");
        Assert.Equal("A message on a could not be handled (cannot be read)", client.Complaints.First());
        Assert.Single(client.Sessions);
    }

    [Fact]
    public async Task A_slow_handler_holds_up_only_its_own_subscription()
    {
        await using var broker = await MosquittoBroker.StartAsync();
        var free = new TaskCompletionSource();
        await using var client = new TestClient(TestClient.Options(broker.Uri));
        client.Connection.Subscribe("slow", Delivery.AtLeastOnce, async (_, _) => await free.Task);
        await client.Keep("quick").ConnectedAsync();

        await client.PublishAsync("slow", "1");
        await client.PublishAsync("quick", "2");

        await client.ReceivedAsync(1);
        free.SetResult();
    }

    [Fact]
    public async Task Handlers_that_publish_work_through_a_flood()
    {
        const int count = 1000;
        await using var broker = await MosquittoBroker.StartAsync(new() { Lines = ["max_queued_messages 0"] });
        await using var asker = await new TestClient(TestClient.Options(broker.Uri)).Keep("answer").ConnectedAsync();

        // An inbox so small that the flood overfills it: held up, it must still let the answers' acknowledgements through.
        await using var answerer = new TestClient(TestClient.Options(broker.Uri) with { MaximumPacketBytes = 50_000, MaximumQueuedBytes = 300_000 });
        answerer.Connection.Subscribe(
            "question",
            Delivery.AtLeastOnce,
            async (message, cancellation) => await answerer.Connection.PublishAsync(message with { Topic = "answer" }, cancellation));
        await answerer.ConnectedAsync();

        // An answer that met a dropped link is lost; the question is asked again, as a node does with its batches.
        var open = Enumerable.Range(0, count).Select(i => $"{i}").ToHashSet();
        for (var round = 0; open.Count > 0; round++)
        {
            Assert.True(round < 20, $"{open.Count} questions have no answer.");
            await Task.WhenAll(open.Select(text => asker.PublishAsync("question", text)));
            var (before, handled) = (-1, 0);
            await TestClient.UntilAsync(
                () =>
                {
                    (before, handled) = (handled, asker.Received.Count + answerer.Complaints.Count);
                    open.ExceptWith(asker.Texts);
                    return open.Count == 0 || (before == handled && answerer.Connection.Link.State == LinkState.Connected);
                },
                () => "answers");
        }
    }

    [Fact]
    public async Task A_handler_that_does_not_keep_up_holds_the_broker_and_loses_nothing()
    {
        const int count = 600, size = 2000;
        await using var broker = await MosquittoBroker.StartAsync(new() { Lines = ["max_queued_messages 0"] });
        await using var sender = await new TestClient(TestClient.Options(broker.Uri)).ConnectedAsync();
        await using var slow = new TestClient(TestClient.Options(broker.Uri, "slow") with { MaximumPacketBytes = 50_000, MaximumQueuedBytes = 200_000, KeepAlive = TimeSpan.FromSeconds(2) });
        var (free, received) = (new TaskCompletionSource(), new List<string>());
        slow.Connection.Subscribe("a", Delivery.AtLeastOnce, async (message, _) =>
        {
            await free.Task;
            lock (received)
            {
                received.Add(Encoding.UTF8.GetString(message.Payload.Span).TrimEnd());
            }
        });
        await slow.ConnectedAsync();

        // Six times as much as may wait. The sender and all others of this process go on meanwhile.
        await Task.WhenAll(Enumerable.Range(0, count).Select(i => sender.PublishAsync("a", $"{i}".PadRight(size))));
        free.SetResult();
        await TestClient.UntilAsync(() => Count() == count, () => $"{count} messages, but got {Count()}");

        Assert.Equal(Enumerable.Range(0, count).Select(i => $"{i}"), received.Distinct());

        int Count()
        {
            lock (received)
            {
                return received.Distinct().Count();
            }
        }
    }

    [Fact]
    public async Task A_flood_beyond_the_bound_drops_the_link_until_half_is_handled()
    {
        await using var broker = await MosquittoBroker.StartAsync(new() { Lines = ["max_queued_messages 0"] });
        await using var sender = await new TestClient(TestClient.Options(broker.Uri)).ConnectedAsync();
        await using var slow = new TestClient(TestClient.Options(broker.Uri, "slow") with { MaximumPacketBytes = 50_000, MaximumQueuedBytes = 100_000, KeepAlive = TimeSpan.FromSeconds(1) });
        var free = new TaskCompletionSource();
        slow.Connection.Subscribe("a", Delivery.AtLeastOnce, async (message, _) =>
        {
            await free.Task;
            slow.Received.Enqueue(message);
        });
        await slow.ConnectedAsync();

        await Task.WhenAll(Enumerable.Range(0, 100).Select(i => sender.PublishAsync("a", $"{i}".PadRight(3000))));
        await TestClient.UntilAsync(() => slow.Connection.Link.Problem?.Contains("faster than they are handled", StringComparison.Ordinal) == true, () => "a drop");
        free.SetResult();

        await TestClient.UntilAsync(() => slow.Texts.Distinct().Count() == 100, () => "all messages");
        await TestClient.UntilAsync(() => slow.Sessions.Count > 1, () => "a second session");
        Assert.True(slow.Sessions.Last().SessionPresent);
    }
}
