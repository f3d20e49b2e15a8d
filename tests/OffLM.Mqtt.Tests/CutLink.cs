using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Diagnostics;
using OffLM.Shared.Mqtt;

namespace OffLM.Mqtt.Tests;

/// <summary>
/// One connection whose links are cut at any byte, either way, in any manner, while many messages are under way both ways between it
/// and a peer whose own link is well.
/// </summary>
internal sealed class CutLink
{
    /// <summary>For what takes a fraction of this on an idle machine: the longest keep alive twice, a connect, and its diagnosis.</summary>
    public static readonly TimeSpan Bound = TimeSpan.FromSeconds(20);

    private const int UnderWay = 48;
    private const int LargestPayload = 3000;

    private readonly Random _random;
    private readonly int _cuts;
    private readonly FaultyProxy _proxy;
    private readonly TestClient _client;
    private readonly TestClient _peer;
    private readonly string _up;
    private readonly string _down;
    private readonly ConcurrentDictionary<int, bool> _cameUp = new();
    private readonly ConcurrentDictionary<int, bool> _cameDown = new();
    private readonly ConcurrentDictionary<int, bool> _acknowledgedUp = new();
    private readonly ConcurrentQueue<string> _garbled = new();
    private readonly ConcurrentQueue<LinkCut> _planned = new();
    private readonly ConcurrentQueue<(LinkCut Cut, TimeSpan Gap)> _gaps = new();
    private int _numberUp;
    private int _numberDown;
    private int _failed;
    private volatile bool _ending;

    public CutLink(int seed, int cuts, MosquittoBroker broker)
    {
        (_random, _cuts, _up, _down) = (new Random(seed), cuts, $"up/{seed}", $"down/{seed}");
        _proxy = FaultyProxy.Start(broker.Port);
        _client = new TestClient(TestClient.Options(_proxy.Uri) with
        {
            KeepAlive = TimeSpan.FromSeconds(1),
            ConnectTimeout = TimeSpan.FromSeconds(4),
            MinimumRetry = TimeSpan.FromMilliseconds(1),
            MaximumRetry = TimeSpan.FromMilliseconds(20),
        });
        _client.Connection.Subscribe(_down, Delivery.AtLeastOnce, (message, _) => Came(_cameDown, message));
        _client.Connection.Subscribe($"nothing/{seed}", Delivery.AtLeastOnce, (_, _) => ValueTask.CompletedTask);
        _client.Connection.LinkChanged += OnLinkChanged;
        _peer = new TestClient(TestClient.Options(broker.Uri));
        _peer.Connection.Subscribe(_up, Delivery.AtLeastOnce, (message, _) => Came(_cameUp, message));
    }

    /// <summary>What was cut, and how long after it the next attempt began.</summary>
    public IReadOnlyCollection<(LinkCut Cut, TimeSpan Gap)> Gaps => _gaps;

    /// <summary>Messages to the broker that were acknowledged, and those that failed with their link.</summary>
    public (int Acknowledged, int Failed) Sent => (_acknowledgedUp.Count, _failed);

    /// <summary>Messages from the broker.</summary>
    public int Received => _cameDown.Count;

    public async Task RunAsync()
    {
        await using var proxy = _proxy;
        await using var peer = await _peer.ConnectedAsync();
        await using var client = await _client.ConnectedAsync();   // from here on the broker keeps a session for it
        proxy.NextCut = Plan;
        proxy.Cut();
        var work = Task.WhenAll(Enumerable.Range(0, UnderWay).Select(_ => SendUpAsync()).Concat(Enumerable.Range(0, UnderWay / 4).Select(_ => SendDownAsync())));

        var (happened, since) = (0, Stopwatch.GetTimestamp());
        while (happened < _cuts && !work.IsCompleted)
        {
            await Task.Delay(5);
            if (_planned.Count(cut => cut.Happened is not null) is var now && now != happened)
            {
                (happened, since) = (now, Stopwatch.GetTimestamp());
            }

            Assert.True(Stopwatch.GetElapsedTime(since) < Bound, $"After {happened} cuts nothing passes any more: {_client.Connection.Link}; {string.Join(" | ", _client.Complaints)}");
        }

        _ending = true;
        await work;
        await UntilAsync(() => _client.Connection.Link.State == LinkState.Connected, () => $"the link, but {_client.Connection.Link}");
        await UntilAsync(() => _cameUp.Count >= _acknowledgedUp.Count && _acknowledgedUp.Keys.All(_cameUp.ContainsKey), () => "what the broker acknowledged");
        await UntilAsync(() => _cameDown.Count >= _numberDown, () => $"{_numberDown} messages from the broker, but got {_cameDown.Count}");
        Assert.Empty(_garbled);
        Assert.DoesNotContain(_client.Complaints, complaint => complaint.Contains("unexpectedly", StringComparison.Ordinal));
    }

    private static async Task UntilAsync(Func<bool> condition, Func<string> expected)
    {
        var start = Stopwatch.GetTimestamp();
        while (!condition())
        {
            Assert.True(Stopwatch.GetElapsedTime(start) < Bound, $"Waited in vain for {expected()}");
            await Task.Delay(5);
        }
    }

    private ValueTask Came(ConcurrentDictionary<int, bool> came, MqttMessage message)
    {
        var number = BinaryPrimitives.ReadInt32LittleEndian(message.Payload.Span);
        if (!message.Payload.Span.SequenceEqual(Payload(number)))
        {
            _garbled.Enqueue($"{message.Topic} {number}");
        }

        came[number] = true;
        return ValueTask.CompletedTask;
    }

    private LinkCut? Plan()
    {
        if (_ending || _planned.Count(one => one.Happened is not null) >= _cuts)
        {
            return null;
        }

        // A third within CONNECT, CONNACK and the subscriptions; the rest within messages and their acknowledgements.
        var toServer = _random.Next(2) == 0;
        var bytes = _random.Next(3) switch
        {
            0 => _random.Next(1, toServer ? 130 : 40),
            1 => _random.Next(1, 3000),
            _ => _random.Next(1, 60_000),
        };
        var cut = new LinkCut(toServer, bytes, (CutKind)_random.Next(3));
        _planned.Enqueue(cut);
        return cut;
    }

    private void OnLinkChanged(MqttLink link)
    {
        if (link.State == LinkState.Connecting)
        {
            foreach (var cut in _planned.Where(cut => cut.Happened is not null && !_gaps.Any(gap => gap.Cut == cut)))
            {
                _gaps.Enqueue((cut, Stopwatch.GetElapsedTime(cut.Happened!.Value)));
            }
        }
    }

    private async Task SendUpAsync()
    {
        while (!_ending)
        {
            if (_client.Connection.Link.State != LinkState.Connected)
            {
                await Task.Delay(1);
                continue;
            }

            var number = Interlocked.Increment(ref _numberUp);
            try
            {
                await _client.Connection.PublishAsync(Numbered(_up, number), CancellationToken.None).WaitAsync(Bound);
                _acknowledgedUp[number] = true;
            }
            catch (MqttDisconnectedException)
            {
                Interlocked.Increment(ref _failed);
            }
            catch (TimeoutException)
            {
                Assert.Fail($"Message {number} neither arrived nor failed; {_client.Connection.Link}");
            }
        }
    }

    private async Task SendDownAsync()
    {
        while (!_ending)
        {
            if (_numberDown - _cameDown.Count > 4 * UnderWay)
            {
                await Task.Delay(1);
                continue;
            }

            await _peer.Connection.PublishAsync(Numbered(_down, Interlocked.Increment(ref _numberDown)), CancellationToken.None).WaitAsync(Bound);
        }
    }

    private static MqttMessage Numbered(string topic, int number) => new(topic, Payload(number));

    /// <summary>Every byte tells of the number, so that none of another message's goes unnoticed.</summary>
    private static byte[] Payload(int number)
    {
        var payload = new byte[sizeof(int) + (number * 7919 % LargestPayload)];
        for (var i = 0; i < payload.Length; i++)
        {
            payload[i] = (byte)(number >> (i % sizeof(int) * 8));
        }

        return payload;
    }
}
