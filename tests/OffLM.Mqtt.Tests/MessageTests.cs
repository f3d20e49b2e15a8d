using System.Buffers;
using System.Text;
using OffLM.Shared.Mqtt;

namespace OffLM.Mqtt.Tests;

public sealed class MessageTests
{
    [Fact]
    public async Task What_is_published_arrives_with_all_that_it_says()
    {
        await using var broker = await MosquittoBroker.StartAsync();
        await using var client = await new TestClient(TestClient.Options(broker.Uri)).Keep("a/#").ConnectedAsync();
        var sent = new MqttMessage("a/b", Encoding.UTF8.GetBytes("hällo"))
        {
            Expiry = TimeSpan.FromSeconds(60),
            ContentType = "text/plain",
            ResponseTopic = "a/answer",
            CorrelationData = new byte[] { 1, 0, 255 },
            UserProperties = [new("k", "v"), new("k", "w")],
        };

        await client.Connection.PublishAsync(sent, CancellationToken.None);
        await client.ReceivedAsync(1);

        var got = Assert.Single(client.Received);
        Assert.Equal("a/b", got.Topic);
        Assert.Equal("hällo", Encoding.UTF8.GetString(got.Payload.Span));
        Assert.Equal(Delivery.AtLeastOnce, got.Delivery);
        Assert.InRange(got.Expiry!.Value.TotalSeconds, 58, 60);
        Assert.Equal("text/plain", got.ContentType);
        Assert.Equal("a/answer", got.ResponseTopic);
        Assert.Equal(new byte[] { 1, 0, 255 }, got.CorrelationData.ToArray());
        Assert.Equal([new("k", "v"), new("k", "w")], got.UserProperties);
        Assert.False(got.Retain);
        Assert.Empty(client.Complaints);
    }

    [Fact]
    public async Task A_message_whose_memory_is_gone_fails_for_its_caller_and_holds_up_no_other()
    {
        await using var broker = await MosquittoBroker.StartAsync();
        await using var client = await new TestClient(TestClient.Options(broker.Uri)).Keep("a").ConnectedAsync();
        using var gone = new GoneMemory();

        await Assert.ThrowsAsync<ObjectDisposedException>(() => client.Connection.PublishAsync(new MqttMessage("a", gone.Memory), CancellationToken.None));
        await client.PublishAsync("a", "next").WaitAsync(TestClient.Patience);

        await client.ReceivedAsync(1);
        Assert.Equal(["next"], client.Texts);
    }

    /// <summary>Memory that went back to its pool too early.</summary>
    private sealed class GoneMemory : MemoryManager<byte>
    {
        public override Span<byte> GetSpan() => throw new ObjectDisposedException(nameof(GoneMemory));

        public override MemoryHandle Pin(int elementIndex = 0) => throw new ObjectDisposedException(nameof(GoneMemory));

        public override void Unpin()
        {
        }

        public override Memory<byte> Memory => CreateMemory(4);

        protected override void Dispose(bool disposing)
        {
        }
    }
}
