using System.Diagnostics;
using System.Globalization;
using System.Numerics;
using OffLM.Edge.Metering;
using OffLM.Edge.Metering.Receipts;
using OffLM.Edge.Signing;

namespace OffLM.Edge.Tests.Crash;

/// <summary>When and how a node was killed, and what its clients had seen until then.</summary>
/// <param name="At">A Stopwatch timestamp.</param>
/// <param name="Clock">The same by the wall clock, which receipts use.</param>
/// <param name="Lag">The worst lateness of the machine meanwhile.</param>
/// <param name="Exchanges">All requests of all clients.</param>
internal sealed record Kill(long At, DateTimeOffset Clock, TimeSpan Lag, IReadOnlyList<Exchange> Exchanges);

/// <summary>
/// Stands outside and compares the ledger after each restart with what clients received. Knows receipts by the documented rules only;
/// fees are computed anew.
/// </summary>
internal sealed class CrashOracle(CrashPrices prices)
{
    /// <summary>Checkpoints are half a second apart and hold what had been delivered at the one before.</summary>
    private static readonly TimeSpan CheckpointLag = TimeSpan.FromSeconds(1);

    /// <summary>For the flush and the fsync of a checkpoint.</summary>
    private static readonly TimeSpan Noise = TimeSpan.FromMilliseconds(500);

    private readonly Dictionary<string, StoredReceipt> _known = [];
    private ulong _last;

    /// <summary>Receipts that a client saw.</summary>
    public int Seen { get; private set; }

    /// <summary>Receipts made by recovery.</summary>
    public int Interrupted { get; private set; }

    /// <summary>Receipts of clients that went away.</summary>
    public int Cancelled { get; private set; }

    /// <summary>Receipts that were durable when the kill cut off the chunk which carries them.</summary>
    public int InFlight { get; private set; }

    /// <summary>Tokens billed in interrupted and cancelled receipts, checked against what had arrived.</summary>
    public long ProvenTokens { get; private set; }

    /// <summary>The longest time that a token had been with its client, unbilled, when the node was killed.</summary>
    public TimeSpan OldestUnbilled { get; private set; }

    public ulong Receipts => _last;

    public int Requests { get; private set; }

    /// <summary>Looks at what is new since the last kill; called after the restart, before new requests.</summary>
    public void Check(string ledgerPath, Kill kill)
    {
        using var ledger = LedgerReader.Open(ledgerPath);
        Assert.Equal(0, ledger.Summary().Holds);
        var fresh = TakeNew(ledger);
        foreach (var exchange in kill.Exchanges.Where(e => e.Request is not null))
        {
            Requests++;
            Assert.True(fresh.Remove(exchange.Request!, out var receipt), $"Lost: the client was told {exchange.Request}, the ledger has no such new receipt.");
            Check(ledger, kill, exchange, receipt!);
        }

        foreach (var receipt in fresh.Values)
        {
            CheckUnseen(kill, receipt);
        }
    }

    /// <summary>Nothing that was once in the ledger has changed since, and nothing was added that nobody looked at.</summary>
    public void CheckAllStillThere(string ledgerPath)
    {
        using var ledger = LedgerReader.Open(ledgerPath);
        Assert.Equal(_last, ledger.Summary().Receipts);
        Assert.All(_known.Values, known => Assert.Equal(known, ledger.Find(known.Sequence)));
    }

    private static string Name(StoredReceipt stored) => stored.Request.ToString();

    private Dictionary<string, Receipt> TakeNew(LedgerReader ledger)
    {
        var fresh = new Dictionary<string, Receipt>();
        for (var page = ledger.From(_last + 1); page.Count > 0; page = ledger.From(_last + 1))
        {
            foreach (var stored in page)
            {
                Assert.True(stored.Sequence == _last + 1, $"A gap: after receipt {_last} comes {stored.Sequence}.");
                Assert.Null(stored.Damage);
                Assert.True(_known.TryAdd(Name(stored), stored), $"Doubled: receipt {stored.Sequence} is for request {stored.Request}, which has one.");
                Assert.Equal(Expected(stored.Receipt!), stored.Receipt!.Fee);
                fresh.Add(Name(stored), stored.Receipt!);
                _last = stored.Sequence;
            }
        }

        return fresh;
    }

    private void Check(LedgerReader ledger, Kill kill, Exchange exchange, Receipt receipt)
    {
        Assert.Equal(exchange.Paid, !receipt.Payer.IsZero);
        if (exchange.Final is { } seen)
        {
            Seen++;
            Assert.Equal((seen.Request, seen.Sequence, seen.Fee), (receipt.Request.ToString(), receipt.Sequence, receipt.Fee));
            Assert.Equal((seen.PromptTokens, seen.CompletionTokens), (receipt.PromptTokens, receipt.CompletionTokens));
            Assert.Contains(receipt.Outcome, new[] { Outcome.Stop, Outcome.Length });
            Assert.Equal(exchange.Pieces.Count, MatchingPrefixes(ledger, exchange, receipt)[^1]);
        }
        else if (receipt.Outcome is Outcome.Stop or Outcome.Length)
        {
            // Also who leaves by itself may leave in that moment.
            RequireInFlight(kill, receipt, exchange.LeftAt);
        }
        else if (exchange.Question.Streaming)
        {
            Assert.Equal(exchange.LeftAt is not null && receipt.Outcome == Outcome.Cancelled ? Outcome.Cancelled : Outcome.Interrupted, receipt.Outcome);
            _ = receipt.Outcome == Outcome.Cancelled ? Cancelled++ : Interrupted++;
            CheckPartial(ledger, kill, exchange, receipt);
        }
        else
        {
            CheckUnseen(kill, receipt);
        }
    }

    /// <summary>Bills no token that had not arrived, and every token that had arrived long enough before.</summary>
    private void CheckPartial(LedgerReader ledger, Kill kill, Exchange exchange, Receipt receipt)
    {
        var prefixes = MatchingPrefixes(ledger, exchange, receipt);
        Assert.True(
            prefixes.Count > 0,
            $"Receipt {receipt.Sequence} ({receipt.Outcome}) bills {receipt.CompletionTokens} tokens; no beginning of the {exchange.Pieces.Count} pieces that arrived has its commitment.");
        if (exchange.Question.CountsTokens)
        {
            var (fewest, most) = (Tokens(exchange, prefixes[0]), Tokens(exchange, prefixes[^1]));
            Assert.InRange((int)receipt.CompletionTokens, fewest, most);
        }

        if (exchange.Pieces.Count == 0)
        {
            Assert.Equal((0u, UInt128.Zero), (receipt.CompletionTokens, receipt.Fee));
        }

        ProvenTokens += receipt.CompletionTokens;
        if (prefixes[^1] < exchange.Pieces.Count)
        {
            var end = Math.Min(kill.At, exchange.LeftAt ?? kill.At);
            var age = Stopwatch.GetElapsedTime(exchange.Pieces[prefixes[^1]].At, end);
            OldestUnbilled = age > OldestUnbilled ? age : OldestUnbilled;
            var bound = CheckpointLag + Noise + (2 * kill.Lag);
            Assert.True(age <= bound, $"A token of receipt {receipt.Sequence} had been with its client for {age.TotalMilliseconds:F0} ms, unbilled; the bound is {bound.TotalMilliseconds:F0} ms.");
        }
    }

    /// <summary>A receipt whose client saw nothing of it: nothing is owed, unless its answer was on its way when the kill came.</summary>
    private void CheckUnseen(Kill kill, Receipt receipt)
    {
        if (receipt.Outcome is Outcome.Stop or Outcome.Length)
        {
            RequireInFlight(kill, receipt);
            return;
        }

        Interrupted++;
        Assert.Equal((0u, UInt128.Zero), (receipt.CompletionTokens, receipt.Fee));
    }

    private void RequireInFlight(Kill kill, Receipt receipt, long? leftAt = null)
    {
        InFlight++;
        var ended = DateTimeOffset.FromUnixTimeMilliseconds((long)receipt.StartedAt + receipt.DurationMs);
        var bound = Noise + (2 * kill.Lag);
        var end = kill.Clock - (leftAt is { } left && left < kill.At ? Stopwatch.GetElapsedTime(left, kill.At) : TimeSpan.Zero);
        Assert.True(end - ended <= bound, $"Receipt {receipt.Sequence} ended {(end - ended).TotalMilliseconds:F0} ms before its client left or the node was killed, but the client never saw it.");
    }

    /// <summary>The numbers of pieces whose text, from the first on, the receipt commits to.</summary>
    private static List<int> MatchingPrefixes(LedgerReader ledger, Exchange exchange, Receipt receipt)
    {
        var hash = Commitment.Begin(ledger.Salts(receipt.Request)!.Completion);
        var matching = new List<int>();
        for (var count = 0; count <= exchange.Pieces.Count; count++)
        {
            if (hash.Current() == receipt.CompletionCommitment)
            {
                matching.Add(count);
            }

            if (count < exchange.Pieces.Count)
            {
                hash.Append(exchange.Pieces[count].Text);
            }
        }

        return matching;
    }

    private static int Tokens(Exchange exchange, int pieces) => exchange.Pieces.Take(pieces).Sum(p => p.Tokens);

    private UInt128 Expected(Receipt receipt) => receipt.Payer.IsZero ? 0 : prices.Fee(receipt.PromptTokens, receipt.CachedTokens, receipt.CompletionTokens);
}

/// <summary>The tariff of these tests, and what it makes of tokens: rounded half to even, nothing without a completion token.</summary>
internal sealed record CrashPrices(BigInteger Input, BigInteger CachedInput, BigInteger Output, BigInteger Flat, int BasisPoints)
{
    public IEnumerable<KeyValuePair<string, string>> Environment =>
    [
        new("OFFLM_METERING_TARIFF_INPUT", Input.ToString(CultureInfo.InvariantCulture)),
        new("OFFLM_METERING_TARIFF_CACHED_INPUT", CachedInput.ToString(CultureInfo.InvariantCulture)),
        new("OFFLM_METERING_TARIFF_OUTPUT", Output.ToString(CultureInfo.InvariantCulture)),
        new("OFFLM_METERING_TARIFF_FLAT", Flat.ToString(CultureInfo.InvariantCulture)),
        new("OFFLM_METERING_TARIFF_PERCENT", BasisPoints.ToString(CultureInfo.InvariantCulture)),
    ];

    public UInt128 Fee(uint prompt, uint cached, uint completion)
    {
        if (completion == 0)
        {
            return 0;
        }

        var tokens = HalfToEven(((prompt - cached) * Input) + (cached * CachedInput) + (completion * Output), 1000);
        return (UInt128)(tokens + Flat + HalfToEven(tokens * BasisPoints, 10_000));
    }

    private static BigInteger HalfToEven(BigInteger numerator, int denominator)
    {
        var (quotient, remainder) = BigInteger.DivRem(numerator, denominator);
        var twice = remainder * 2;
        return twice > denominator || (twice == denominator && !quotient.IsEven) ? quotient + 1 : quotient;
    }
}
