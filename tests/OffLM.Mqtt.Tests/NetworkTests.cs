using System.Diagnostics;
using System.Runtime.InteropServices;
using OffLM.Mqtt.Connecting;
using OffLM.Shared.Mqtt;

namespace OffLM.Mqtt.Tests;

public sealed class NetworkTests
{
    private const int NewNetwork = 0x40000000;   // CLONE_NEWNET

    [Fact]
    public void A_cable_that_is_plugged_in_is_told_once()
    {
        var changes = new NetworkChanges();
        Assert.False(changes.Read(Link(index: 2, flags: 0x1003)));           // up, no carrier
        Assert.True(changes.Read(Link(index: 2, flags: 0x11043)));           // with carrier
        Assert.False(changes.Read(Link(index: 2, flags: 0x11043)));          // repeated
        Assert.False(changes.Read(Link(index: 2, flags: 0x1003)));           // pulled
        Assert.True(changes.Read(Link(index: 2, flags: 0x11043)));
        Assert.False(changes.Read(Link(index: 1, flags: 0x10049)));          // loopback
    }

    [Fact]
    public void An_address_is_told_when_it_can_be_used()
    {
        var changes = new NetworkChanges();

        // As a kernel sent them: 10.9.8.7 comes, comes again with its lease, goes, comes.
        var added = Convert.FromHexString(
            "4c00000014000000814e016b2f1100000218800001000000080001000a090807080002000a090807070003006c6f0000080008008000000014000600ffffffffffffffffe3e61600e3e61600");
        var deleted = Convert.FromHexString(
            "4c00000015000000814e016b561100000218800001000000080001000a090807080002000a090807070003006c6f0000080008008000000014000600ffffffffffffffffe3e61600e3e61600");
        Assert.True(changes.Read(added));
        Assert.False(changes.Read(added));
        Assert.False(changes.Read(deleted));
        Assert.True(changes.Read([.. deleted, .. added]));

        // 127.0.0.1 leads nowhere, and an IPv6 address under examination is not usable yet.
        Assert.False(changes.Read(Convert.FromHexString(
            "4c000000140000000000000000000000020880fe01000000080001007f000001080002007f000001070003006c6f0000080008008000000014000600ffffffffffffffffe3e61600e3e61600")));
        var tentative = added.ToArray();
        tentative[16 + 2] = 0x40;
        tentative[16 + 8 + 4] = 11;
        Assert.False(changes.Read(tentative));
        tentative[16 + 2] = 0;
        Assert.True(changes.Read(tentative));
    }

    [Fact]
    public void Any_bytes_can_be_read()
    {
        var random = new Random(1);
        for (var i = 0; i < 20_000; i++)
        {
            var bytes = new byte[random.Next(120)];
            random.NextBytes(bytes);
            if (bytes.Length > 6)
            {
                BitConverter.TryWriteBytes(bytes, random.Next(bytes.Length + 4));
                bytes[4] = (byte)random.Next(15, 23);
                bytes[5] = 0;
            }

            _ = new NetworkChanges().Read(bytes);
        }
    }

    [Fact]
    public async Task The_kernel_tells_of_a_network_that_comes_up()
    {
        using var told = new SemaphoreSlim(0);
        var ready = new TaskCompletionSource<NetworkWatch>();
        var finished = new TaskCompletionSource();
        new Thread(() =>
        {
            try
            {
                // A network of this thread's own; the processes that it starts are in it too.
                var own = unshare(NewNetwork) == 0;
                using var watch = new NetworkWatch();
                ready.SetResult(watch);
                if (own)
                {
                    Ip("link add up0 type veth peer name up1");
                    Ip("link set up1 up");
                    Ip("link set up0 up");
                    Assert.True(told.Wait(TestClient.Patience), "Nothing was told of the link.");
                    while (told.Wait(0))
                    {
                        // The other end came up too.
                    }

                    Ip("addr add 10.9.8.7/24 dev up0");
                    Assert.True(told.Wait(TestClient.Patience), "Nothing was told of the address.");
                }

                // Without the right to a network of its own, what remains to see is that the machine's can be watched, and let go.
                finished.SetResult();
            }
            catch (Exception exception)
            {
                finished.SetException(exception);
            }
        }).Start();

        var running = (await ready.Task).RunAsync(() => told.Release());
        await finished.Task;
        await running;

        static void Ip(string arguments)
        {
            using var process = Process.Start("ip", arguments);
            process.WaitForExit();
            Assert.Equal(0, process.ExitCode);
        }
    }

    [Fact]
    public async Task M2_A_network_that_comes_up_brings_the_next_attempt_forward()
    {
        await using var broker = await MosquittoBroker.StartAsync();
        await using var proxy = FaultyProxy.Start(broker.Port);
        await proxy.RefuseAsync();
        var options = TestClient.Options(proxy.Uri) with { MinimumRetry = TimeSpan.FromMilliseconds(10), MaximumRetry = TimeSpan.FromHours(1) };
        await using var client = new TestClient(options).Start();
        await TestClient.UntilAsync(() => client.Connection.Link.NextAttempt - DateTimeOffset.UtcNow > TimeSpan.FromSeconds(3), () => "a long wait");
        var due = client.Connection.Link.NextAttempt;

        proxy.Listen();
        client.Connection.NetworkCameUp();

        await client.ConnectedAsync();
        Assert.True(client.Connection.Link.Since < due);
    }

    [DllImport("libc")]
    private static extern int unshare(int flags);

    private static byte[] Link(uint index, uint flags)
    {
        var message = new byte[32];
        BitConverter.TryWriteBytes(message, 32);
        message[4] = 16;
        BitConverter.TryWriteBytes(message.AsSpan(20), index);
        BitConverter.TryWriteBytes(message.AsSpan(24), flags);
        return message;
    }
}
