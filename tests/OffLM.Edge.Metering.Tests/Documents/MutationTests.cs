using System.Text;
using System.Text.Json.Nodes;
using OffLM.Edge.Metering.Documents;

namespace OffLM.Edge.Metering.Tests;

/// <summary>Whatever is changed in a document that verified, it doesn't any more.</summary>
public sealed class MutationTests : IAsyncLifetime
{
    private SampleLedger _sample = null!;
    private byte[] _document = null!;

    public async Task InitializeAsync()
    {
        _sample = await SampleLedger.CreateAsync(4, 3, 5);
        _document = (await _sample.ExportAsync(new() { Disclosure = Disclosure.WithoutOwnUse })).Document;
    }

    public Task DisposeAsync()
    {
        _sample.Dispose();
        return Task.CompletedTask;
    }

    [Fact]
    public async Task The_document_verifies_unchanged()
    {
        Assert.True((await SampleLedger.VerifyAsync(_document)).Holds);
        await AssertHolds(_ => { });
    }

    [Fact]
    public async Task Any_changed_value_of_any_object_is_found()
    {
        foreach (var path in Objects(JsonNode.Parse(_document)!))
        {
            foreach (var name in At(JsonNode.Parse(_document)!, path).AsObject().Select(p => p.Key))
            {
                var original = At(JsonNode.Parse(_document)!, path)[name]!;
                foreach (var value in Others(original).Where(other => !JsonNode.DeepEquals(other, original)))
                {
                    await AssertFound($"{path}.{name} = {value?.ToJsonString()}", json => At(json, path)[name] = value?.DeepClone());
                }
            }
        }
    }

    [Fact]
    public async Task Any_missing_unknown_or_repeated_field_is_found()
    {
        foreach (var path in Objects(JsonNode.Parse(_document)!))
        {
            await AssertFound($"{path} + more", json => At(json, path)["more"] = "1");
            foreach (var name in At(JsonNode.Parse(_document)!, path).AsObject().Select(p => p.Key))
            {
                await AssertFound($"{path} - {name}", json => At(json, path).AsObject().Remove(name));
                await AssertFound($"{path}: {name} twice", json => At(json, path)["TWICE"] = At(json, path)[name]!.DeepClone(), text => text.Replace("TWICE", name));
            }
        }
    }

    [Fact]
    public async Task Dropped_doubled_and_swapped_entries_are_found()
    {
        for (var b = 0; b < 3; b++)
        {
            var count = JsonNode.Parse(_document)!["batches"]![b]!["receipts"]!.AsArray().Count;
            for (var i = 0; i < count; i++)
            {
                await AssertFound($"drop {b}/{i}", json => Entries(json, b).RemoveAt(i));
                await AssertFound($"double {b}/{i}", json => Entries(json, b).Insert(i, Entries(json, b)[i]!.DeepClone()));
                await AssertFound($"null {b}/{i}", json => Entries(json, b)[i] = null);
                if (i > 0)
                {
                    await AssertFound($"swap {b}/{i}", json => Swap(Entries(json, b), i - 1, i));
                }
            }
        }
    }

    [Fact]
    public async Task Dropped_doubled_and_swapped_batches_and_tariffs_are_found()
    {
        await AssertFound("middle batch", json => json["batches"]!.AsArray().RemoveAt(1), kind: FailureKind.Chain);
        await AssertFound("all batches", json => json["batches"]!.AsArray().Clear(), kind: FailureKind.Structure);
        await AssertFound("swapped batches", json => Swap(json["batches"]!.AsArray(), 0, 1), kind: FailureKind.Chain);
        await AssertFound("doubled batch", json => json["batches"]!.AsArray().Insert(1, json["batches"]![1]!.DeepClone()), kind: FailureKind.Chain);
        await AssertFound("no tariff", json => json["tariffs"]!.AsArray().Clear(), kind: FailureKind.Tariff);
        await AssertFound("doubled tariff", json => json["tariffs"]!.AsArray().Add(json["tariffs"]![0]!.DeepClone()), kind: FailureKind.Tariff);
    }

    [Fact]
    public async Task What_a_document_can_t_show_is_said_where_it_starts_and_ends()
    {
        var first = await Verify(json => json["batches"]!.AsArray().RemoveAt(0));
        Assert.Equal((true, 2UL), (first.Holds, first.StartsAt));
        var last = await Verify(json => json["batches"]!.AsArray().RemoveAt(2));
        Assert.Equal((true, 2UL), (last.Holds, last.EndsAt));
    }

    [Theory]
    [InlineData("{}")]
    [InlineData(" ")]
    [InlineData("x")]
    [InlineData("\n{\"more\":1}")]
    [InlineData("\0")]
    public async Task Anything_after_the_end_is_found(string more)
    {
        var result = await SampleLedger.VerifyAsync([.. _document, .. Encoding.UTF8.GetBytes(more)]);
        Assert.Equal(string.IsNullOrWhiteSpace(more), result.Holds);
        Assert.Equal(3, result.Batches);
    }

    [Fact]
    public async Task The_members_have_one_order()
    {
        await AssertFound("tariffs last", json =>
        {
            var tariffs = json["tariffs"]!;
            json.AsObject().Remove("tariffs");
            json["tariffs"] = tariffs;
        });
        await AssertFound("signature last", json =>
        {
            var batch = json["batches"]![0]!.AsObject();
            var signature = batch["signature"]!;
            batch.Remove("signature");
            batch["signature"] = signature;
        });
    }

    [Fact]
    public async Task A_failure_names_its_batch_and_receipt_and_the_rest_is_still_checked()
    {
        var result = await Verify(json =>
        {
            Entries(json, 0)[1]!["fee"] = "1";
            Entries(json, 1)[0]!["sequence"] = "x";
            Entries(json, 2)[2]!["cachedTokens"] = "100000";
        });
        Assert.Equal(
            [
                (FailureKind.Fee, 1UL, (ulong?)2), (FailureKind.Root, 1UL, null),
                (FailureKind.Structure, 2UL, 5UL),
                (FailureKind.Tokens, 3UL, 10UL), (FailureKind.Root, 3UL, null),
            ],
            result.Failures.Select(f => (f.Kind, f.Batch!.Value, f.Sequence)));
        Assert.Contains("by its tariff it is", result.Failures[0].Message);
    }

    [Fact]
    public async Task Many_failures_are_all_counted_and_the_first_listed()
    {
        using var sample = await SampleLedger.CreateAsync([.. Enumerable.Repeat(200, 6)]);
        var json = JsonNode.Parse((await sample.ExportAsync()).Document)!;
        for (var b = 0; b < 6; b++)
        {
            foreach (var entry in Entries(json, b))
            {
                entry!["clock"] = "9";
            }
        }

        var result = await SampleLedger.VerifyAsync(Encoding.UTF8.GetBytes(json.ToJsonString()));
        Assert.Equal(VerificationResult.MaxListed, result.Failures.Count);
        Assert.Equal(1206, result.FailureCount);
    }

    private static JsonArray Entries(JsonNode json, int batch) => json["batches"]![batch]!["receipts"]!.AsArray();

    private static void Swap(JsonArray array, int i, int j)
    {
        var (a, b) = (array[i]!.DeepClone(), array[j]!.DeepClone());
        (array[i], array[j]) = (b, a);
    }

    /// <summary>The document, its domain, its tariffs, a whole batch and one batch's entries.</summary>
    private static IEnumerable<string> Objects(JsonNode json)
    {
        yield return "";
        yield return "domain";
        yield return "tariffs/0";
        yield return "batches/1";
        yield return "batches/1/batch";
        for (var i = 0; i < Entries(json, 1).Count; i++)
        {
            yield return $"batches/1/receipts/{i}";
        }
    }

    private static JsonNode At(JsonNode json, string path) => path.Split('/', StringSplitOptions.RemoveEmptyEntries)
        .Aggregate(json, (node, part) => int.TryParse(part, out var index) ? node[index]! : node[part]!);

    /// <summary>Other values than the one given: near ones, other types, other spellings.</summary>
    private static IEnumerable<JsonNode?> Others(JsonNode value)
    {
        yield return null;
        yield return true;
        yield return new JsonObject();
        yield return new JsonArray();
        yield return "";
        if (value is not JsonValue)
        {
            yield break;
        }

        if (value.GetValueKind() == System.Text.Json.JsonValueKind.Number)
        {
            yield return value.GetValue<ulong>() + 1;
            yield return value.ToString();
            yield return 1.5;
            yield break;
        }

        var text = value.GetValue<string>();
        yield return text + "0";
        yield return " " + text;
        yield return "0" + text;
        yield return "-" + text;
        yield return text[..^1];
        yield return text[..^1] + (char)(text[^1] ^ 1);
        yield return text.StartsWith("0x", StringComparison.Ordinal) ? "0X" + text[2..] : "1" + text;
        if (text.Any(char.IsAsciiLetterLower))
        {
            yield return text[..2] + text[2..].ToUpperInvariant();
        }

        if (text.All(char.IsAsciiDigit))
        {
            yield return (UInt128.Parse(text) + 1).ToString();
            yield return "340282366920938463463374607431768211455";
            yield return "340282366920938463463374607431768211456";
            if (ulong.TryParse(text, out var number))
            {
                yield return number;
            }
        }
    }

    private async Task AssertHolds(Action<JsonNode> change) => Assert.Empty((await Verify(change)).Failures);

    private async Task AssertFound(string what, Action<JsonNode> change, Func<string, string>? rewrite = null, FailureKind? kind = null)
    {
        var result = await Verify(change, rewrite);
        Assert.False(result.Holds, $"{what} was not found.");
        Assert.All(result.Failures, f => Assert.EndsWith(".", f.Message));
        if (kind is { } expected)
        {
            Assert.Contains(result.Failures, f => f.Kind == expected);
        }
    }

    private Task<VerificationResult> Verify(Action<JsonNode> change, Func<string, string>? rewrite = null)
    {
        var json = JsonNode.Parse(_document)!;
        change(json);
        var text = json.ToJsonString();
        return SampleLedger.VerifyAsync(Encoding.UTF8.GetBytes(rewrite?.Invoke(text) ?? text));
    }
}
