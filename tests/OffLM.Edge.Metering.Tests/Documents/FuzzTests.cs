using OffLM.Edge.Metering.Documents;

namespace OffLM.Edge.Metering.Tests;

/// <summary>A damaged or hostile document is answered with failures, never with an exception and never with a yes.</summary>
public sealed class FuzzTests : IAsyncLifetime
{
    private readonly Random _random = new(20260731);
    private SampleLedger _sample = null!;
    private byte[] _document = null!;

    public async Task InitializeAsync()
    {
        _sample = await SampleLedger.CreateAsync(3, 2);
        _document = (await _sample.ExportAsync(new() { Disclosure = Disclosure.WithoutOwnUse })).Document;
    }

    public Task DisposeAsync()
    {
        _sample.Dispose();
        return Task.CompletedTask;
    }

    [Fact]
    public async Task Every_single_bit_counts()
    {
        for (var i = 0; i < _document.Length; i++)
        {
            var changed = (byte[])_document.Clone();
            changed[i] ^= (byte)(1 << (i % 8));
            await AssertRefused(changed, $"bit {i % 8} of byte {i}");
            changed[i] = (byte)(_document[i] ^ 0x20);
            await AssertRefused(changed, $"bit 5 of byte {i}");
        }
    }

    [Fact]
    public async Task Any_other_byte_anywhere_counts()
    {
        for (var round = 0; round < 3000; round++)
        {
            var changed = (byte[])_document.Clone();
            var at = _random.Next(changed.Length);
            changed[at] ^= (byte)_random.Next(1, 256);
            await AssertRefused(changed, $"byte {at} = {changed[at]}");
        }
    }

    [Fact]
    public async Task A_document_cut_off_anywhere_is_refused()
    {
        for (var length = 0; length < _document.Length; length++)
        {
            await AssertRefused(_document[..length], $"cut at {length}");
        }
    }

    [Fact]
    public async Task Pieces_taken_out_or_put_in_are_refused()
    {
        for (var round = 0; round < 2000; round++)
        {
            var from = _random.Next(_document.Length);
            var length = _random.Next(1, Math.Min(400, _document.Length - from + 1));
            await AssertRefused([.. _document[..from], .. _document[(from + length)..]], $"without {from}+{length}");
            var inserted = _document.AsSpan(_random.Next(_document.Length - 50), _random.Next(1, 50)).ToArray();
            await AssertRefused([.. _document[..from], .. inserted, .. _document[from..]], $"with {inserted.Length} at {from}");
        }
    }

    [Fact]
    public async Task Bytes_that_were_never_a_document_are_refused()
    {
        for (var round = 0; round < 500; round++)
        {
            var bytes = new byte[_random.Next(2000)];
            _random.NextBytes(bytes);
            await AssertRefused(bytes, $"random {round}");
        }
    }

    [Fact]
    public async Task A_value_without_end_is_given_up_on()
    {
        await using var stream = new EndlessStream("{\"domain\":\""u8.ToArray());
        var result = await ExportVerifier.VerifyAsync(stream, default);
        Assert.Contains("longer than", Assert.Single(result.Failures).Message);
        Assert.True(stream.BytesRead < 8 << 20);
    }

    [Fact]
    public async Task Deep_nesting_is_refused() => await AssertRefused([.. "{\"domain\":"u8, .. Enumerable.Repeat((byte)'[', 5000)], "nested");

    [Fact]
    public async Task Space_between_tokens_and_reads_of_one_byte_change_nothing()
    {
        var spaced = System.Text.Json.Nodes.JsonNode.Parse(_document)!.ToJsonString(new() { WriteIndented = true });
        await using var stream = new DrippingStream(System.Text.Encoding.UTF8.GetBytes(spaced));
        var result = await ExportVerifier.VerifyAsync(stream, default);
        Assert.Empty(result.Failures);
        Assert.Equal((2, 4, 1), (result.Batches, result.Receipts, result.Hidden));
    }

    [Fact]
    public async Task Reading_stops_when_cancelled()
    {
        using var source = new CancellationTokenSource();
        await source.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => ExportVerifier.VerifyAsync(new MemoryStream(_document), source.Token));
    }

    private static async Task AssertRefused(byte[] document, string what)
    {
        var result = await SampleLedger.VerifyAsync(document);
        Assert.False(result.Holds, $"{what}: verified.");
        Assert.NotEmpty(result.Failures);
    }
}
