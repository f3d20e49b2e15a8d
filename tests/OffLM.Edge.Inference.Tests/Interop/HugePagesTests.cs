using System.Globalization;
using OffLM.Edge.Inference.Interop.LibC;

namespace OffLM.Edge.Inference.Tests.Interop;

/// <summary>On this process's own memory; what the kernel says of it is in /proc/self/smaps.</summary>
public sealed class HugePagesTests
{
    private const long Bytes = 32 << 20;
    private const int Page = 4096;

    [Fact]
    public unsafe void What_is_wholly_in_use_moves_onto_huge_pages_and_stays_what_it_was()
    {
        using var memory = new AnonymousMemory(Bytes);
        var values = new Span<byte>(memory.Address, (int)Bytes);
        new Random(1).NextBytes(values);
        var before = values.ToArray();

        var moved = HugePages.Gather();

        Assert.True(values.SequenceEqual(before));
        if (KernelMovesAtOnce())
        {
            // Its first and last huge page may be shared with something else.
            Assert.InRange(HugeKibibytes(memory), (Bytes >> 10) - (4 << 10), long.MaxValue);
            Assert.InRange(moved, Bytes - (4 << 20), long.MaxValue);
        }
        else
        {
            Assert.Equal(0, moved);
        }
    }

    [Fact]
    public unsafe void What_is_partly_in_use_takes_no_more_memory_than_before()
    {
        using var memory = new AnonymousMemory(Bytes);
        for (var at = 0L; at < Bytes; at += 2 * Page)
        {
            memory.Address[at] = 1;
        }

        HugePages.Gather();

        Assert.Equal(Bytes / Page / 2, PagesInUse(memory));
    }

    [Fact]
    public async Task Memory_can_be_used_and_given_back_meanwhile()
    {
        using var stop = new CancellationTokenSource();
        var others = Enumerable.Range(0, 2).Select(seed => Task.Factory.StartNew(
            () => UseAndGiveBack(new Random(seed), stop.Token), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)).ToArray();

        for (var i = 0; i < 20; i++)
        {
            HugePages.Gather();
        }

        await stop.CancelAsync();
        await Task.WhenAll(others);
    }

    private static unsafe void UseAndGiveBack(Random random, CancellationToken stop)
    {
        const int Part = 4 << 20;
        while (!stop.IsCancellationRequested)
        {
            using var memory = new AnonymousMemory(2 * Part);
            var values = new Span<byte>(memory.Address, 2 * Part);
            random.NextBytes(values);
            var last = values[Part..].ToArray();
            memory.Release(0, Part);
            Assert.False(values[..Part].ContainsAnyExcept((byte)0));
            Assert.True(values[Part..].SequenceEqual(last));
        }
    }

    private static bool KernelMovesAtOnce() =>
        Environment.OSVersion.Version >= new Version(6, 1) && File.Exists("/sys/kernel/mm/transparent_hugepage/hpage_pmd_size")
        && Environment.SystemPageSize == Page;

    private static unsafe long PagesInUse(AnonymousMemory memory)
    {
        using var pages = File.OpenHandle("/proc/self/pagemap");
        var entries = new byte[Bytes / Page * sizeof(long)];
        Assert.Equal(entries.Length, RandomAccess.Read(pages, entries, (long)memory.Address / Page * sizeof(long)));
        return entries.Where((part, i) => i % sizeof(long) == sizeof(long) - 1 && part >= 0x80).Count();
    }

    /// <summary>Of all mappings that the memory is a part of; neighbours that look alike are one to the kernel.</summary>
    private static unsafe long HugeKibibytes(AnonymousMemory memory)
    {
        var (start, end) = ((long)memory.Address, (long)memory.Address + Bytes);
        var (inside, sum) = (false, 0L);
        foreach (var line in File.ReadLines("/proc/self/smaps"))
        {
            var fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (fields[0].Split('-') is [var from, var to])
            {
                inside = Parse(from) < end && Parse(to) > start;
            }
            else if (inside && fields[0] == "AnonHugePages:")
            {
                sum += long.Parse(fields[1], CultureInfo.InvariantCulture);
            }
        }

        return sum;

        static long Parse(string address) => long.TryParse(address, NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var value) ? value : long.MaxValue;
    }
}
