using System.Runtime.InteropServices;
using OffLM.Shared.Mqtt;

namespace OffLM.Mqtt.Tests;

/// <summary>Looks at the library's own count of its memory, so nothing else of this process may use the library meanwhile.</summary>
[Collection(nameof(LeakTests))]
[CollectionDefinition(nameof(LeakTests), DisableParallelization = true)]
public sealed class LeakTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(40_000)]
    public async Task Links_that_break_under_load_leave_next_to_nothing_in_the_librarys_memory(int bytesPerSecond)
    {
        await using var broker = await MosquittoBroker.StartAsync();
        await using var proxy = FaultyProxy.Start(broker.Port);
        proxy.BytesPerSecond = bytesPerSecond;
        var before = 0L;
        for (var i = 0; i < 7; i++)
        {
            await using var client = await new TestClient(TestClient.Options(proxy.Uri)).Keep("a").ConnectedAsync();
            var publishing = Enumerable.Range(0, 200).Select(_ => client.PublishAsync("b", new string('x', 40_000))).ToList();
            await client.PublishAsync("a", "x").WaitAsync(TimeSpan.FromMilliseconds(300)).ContinueWith(_ => { }, TaskScheduler.Default);
            if (i % 2 == 0)
            {
                proxy.Cut();
            }

            await client.DisposeAsync();
            await Task.WhenAll(publishing.Select(one => one.ContinueWith(_ => { }, TaskScheduler.Default)));
            before = i == 0 ? Used() : before;
        }

        // What the library had not begun to write when the link broke, it forgets: at most the window, each time.
        Assert.InRange(Used(), 0, before + (6 * 128 * 1024));
    }

    /// <summary>Bytes that the library has allocated and not freed.</summary>
    private static long Used() => Marshal.ReadInt64(Heap_get_info());

    [DllImport("libpaho-mqtt3as.so.1")]
    private static extern nint Heap_get_info();
}
