using System.Net;
using System.Net.Sockets;

namespace OffLM.Edge.Lan.Access;

/// <summary>
/// Slows down whoever presents wrong keys: per remote address a bucket of attempts that refills evenly, on the monotonic clock. While it
/// is empty no key from there is looked at, not even a right one: otherwise guessing would go on at full speed.
/// </summary>
internal sealed class FailedAttempts(TimeProvider time)
{
    /// <summary>Wrong keys in a row: enough for somebody who mistypes, and for a few programs that still have a revoked key.</summary>
    public const int Burst = 10;

    /// <summary>After the burst, one attempt is allowed so often.</summary>
    public static readonly TimeSpan Refill = TimeSpan.FromSeconds(6);

    /// <summary>Addresses remembered; bounds the memory to about 1 MB. Beyond it, those that have waited long enough are forgotten.</summary>
    private const int MaxAddresses = 8192;

    private readonly Lock _gate = new();
    private readonly Dictionary<IPAddress, (double Left, long At)> _buckets = [];

    /// <summary>How long this address must wait before another key is looked at; null if it needn't.</summary>
    public TimeSpan? Wait(IPAddress? remote)
    {
        lock (_gate)
        {
            var left = Left(Group(remote));
            return left >= 1 ? null : (1 - left) * Refill;
        }
    }

    /// <summary>Counts a wrong key.</summary>
    public void Add(IPAddress? remote)
    {
        var group = Group(remote);
        lock (_gate)
        {
            if (_buckets.Count >= MaxAddresses)
            {
                Forget();
            }

            _buckets[group] = (Left(group) - 1, time.GetTimestamp());
        }
    }

    /// <summary>One household, or one attacker, has a whole /64 of IPv6 addresses.</summary>
    private static IPAddress Group(IPAddress? remote)
    {
        if (remote is null || remote.AddressFamily != AddressFamily.InterNetworkV6)
        {
            return remote ?? IPAddress.None;
        }

        var bytes = remote.GetAddressBytes();
        bytes.AsSpan(8).Clear();
        return new IPAddress(bytes);
    }

    private double Left(IPAddress group) => _buckets.TryGetValue(group, out var bucket)
        ? Math.Min(Burst, bucket.Left + (time.GetElapsedTime(bucket.At) / Refill))
        : Burst;

    private void Forget()
    {
        foreach (var group in _buckets.Keys.Where(g => Left(g) >= Burst).ToArray())
        {
            _buckets.Remove(group);
        }

        if (_buckets.Count >= MaxAddresses)
        {
            // An attack from everywhere at once: forgetting all of it is kinder than growing without bound.
            _buckets.Clear();
        }
    }
}
