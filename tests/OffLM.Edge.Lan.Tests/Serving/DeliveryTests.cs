using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using OffLM.Edge.Inference;
using OffLM.Edge.Lan.Tests.OpenAi;
using OffLM.Edge.Metering.Receipts;
using OffLM.Edge.Metering.Tariffs;
using OffLM.Edge.Signing;
using OffLM.Edge.Work.Callers;
using OffLM.Edge.Work.Running;

namespace OffLM.Edge.Lan.Tests.Serving;

/// <summary>What happens between the model and the wire.</summary>
public sealed class DeliveryTests
{
    private const string Chat = "/v1/chat/completions";

    [Fact]
    public async Task A_client_that_goes_away_gets_a_cancelled_receipt_over_a_prefix_of_what_it_read()
    {
        await using var node = await ServingNode.StartAsync(configure: Paced(0.05));
        string request;
        var read = new StringBuilder();
        using (var response = await StartAsync(node.Http, Chat, ChatTests.Endless("max_tokens", 4000)))
        {
            request = response.Headers.GetValues("Offlm-Receipt").Single();
            using var lines = new StreamReader(await response.Content.ReadAsStreamAsync());

            // Longer than two checkpoints, so that something is proven to have arrived.
            for (var since = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(since) < TimeSpan.FromSeconds(1.5);)
            {
                var line = await lines.ReadLineAsync();
                if (line!.StartsWith("data: "))
                {
                    read.Append(JsonNode.Parse(line[6..])!.Text("choices", 0, "delta", "content"));
                }
            }
        }

        var receipt = await node.ReceiptAsync(request);
        Assert.Equal(Outcome.Cancelled, receipt.Outcome);
        Assert.True(receipt.CompletionTokens > 0, "nothing was counted as delivered");
        using var reader = node.Node.Ledger.Read();
        var salt = reader.Salts(Bytes32.Parse(request))!.Completion;
        var text = read.ToString();
        Assert.Contains(Enumerable.Range(1, text.Length), length => Commitment.To(salt, text[..length]) == receipt.CompletionCommitment);
    }

    [Fact]
    public async Task A_client_that_goes_away_before_a_whole_answer_owes_nothing()
    {
        await using var node = await ServingNode.StartAsync(configure: Paced(0.05));
        using var cancel = new CancellationTokenSource();
        var asking = node.Http.PostAsync(Chat, new StringContent(ChatTests.Endless("max_tokens", 4000).ToJsonString()), cancel.Token);
        await Until(() => node.Node.Status().Running == 1);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asking);

        await Until(() => node.Node.Status().Ledger.Receipts == 1);
        using var reader = node.Node.Ledger.Read();
        var receipt = reader.Find(1)!.Receipt!;
        Assert.Equal((Outcome.Cancelled, 0u), (receipt.Outcome, receipt.CompletionTokens));
    }

    [Fact]
    public async Task A_reader_that_takes_nothing_holds_up_nobody_and_is_given_up()
    {
        await using var node = await ServingNode.StartAsync(lan: o => o with { ReaderPatience = TimeSpan.FromSeconds(3) });
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 2048 };
        await socket.ConnectAsync(IPAddress.Loopback, node.Address.Port);
        var body = ChatTests.Endless("max_tokens", 3900);
        (body["stream"], body["logprobs"], body["top_logprobs"]) = (true, true, 20);
        var bytes = Encoding.UTF8.GetBytes(body.ToJsonString());
        await socket.SendAsync(Encoding.ASCII.GetBytes($"POST {Chat} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {bytes.Length}\r\n\r\n"));
        await socket.SendAsync(bytes);
        await Until(() => node.Node.Status().Running == 1);

        var events = await node.Http.EventsAsync(Chat, ChatTests.Endless("max_tokens", 50));

        Assert.Equal("length", events[^1].Text("choices", 0, "finish_reason"));
        await Until(() => node.Node.Status().Running == 0);
        using var reader = node.Node.Ledger.Read();
        var given = Enumerable.Range(1, 2).Select(i => reader.Find((ulong)i)!.Receipt!).Single(r => r.Outcome == Outcome.Cancelled);
        Assert.True(given.CompletionTokens < 3900);
    }

    [Fact]
    public async Task Fifty_at_once_all_get_answers_with_receipts_of_their_own()
    {
        await using var node = await ServingNode.StartAsync();
        var answers = await Task.WhenAll(Enumerable.Range(0, 50).Select(async i => (i % 4) switch
        {
            0 => (await node.Http.AskAsync(Chat, Asking.Chat($"Hello {i}")))["offlm"]!,
            1 => (await node.Http.EventsAsync(Chat, Asking.Chat($"Hello {i}")))[^1]["offlm"]!,
            2 => (await node.Http.LinesAsync("/api/generate", new JsonObject { ["model"] = "tiny", ["prompt"] = $"Hello {i}", ["options"] = new JsonObject { ["num_predict"] = 12 } }))[^1]["offlm"]!,
            _ => (await node.Http.AskAsync("/v1/completions", new JsonObject { ["model"] = "tiny", ["prompt"] = $"Hello {i}" }))["offlm"]!,
        }));

        Assert.Equal(Enumerable.Range(1, 50), answers.Select(a => a["sequence"]!.GetValue<int>()).Order());
        Assert.Equal(50, answers.Select(a => a.Text("receipt")).Distinct().Count());
    }

    [Fact]
    public async Task Clients_with_a_model_each_take_turns_where_one_fits_into_memory()
    {
        await using var node = await ServingNode.StartAsync(configure: o => o with { Models = new ModelHostOptions { MaxLoaded = 1 } });
        await Task.WhenAll(Enumerable.Range(0, 6).Select(async client =>
        {
            for (var i = 0; i < 5; i++)
            {
                await ((client % 3) switch
                {
                    0 => node.Http.AskAsync(Chat, Asking.Chat("Hi")),
                    1 => node.Http.AskAsync("/api/generate", new JsonObject { ["model"] = ServingNode.Plain, ["prompt"] = "Hi", ["stream"] = false }),
                    _ => node.Http.AskAsync("/v1/embeddings", new JsonObject { ["model"] = ServingNode.Encoder, ["input"] = "the river" }),
                });
            }
        }));

        Assert.Equal((30ul, 0), (node.Node.Status().Ledger.Receipts, node.Node.Models.Waiting));
    }

    [Fact]
    public async Task With_every_place_taken_a_request_is_503_with_a_time_to_wait_in_both_shapes()
    {
        await using var node = await ServingNode.StartAsync(
            configure: o => o with { Models = new ModelHostOptions { Scheduler = new SchedulerOptions { MaxActive = 1, MaxWaiting = 0, Pace = () => 0.02 } } });
        using var running = await StartAsync(node.Http, Chat, ChatTests.Endless("max_tokens", 4000));

        using var openAi = await node.Http.PostTextAsync(Chat, Asking.Chat("Hi").ToJsonString());
        using var ollama = await node.Http.PostTextAsync("/api/generate", """{"model":"tiny","prompt":"Hi"}""");

        Assert.Equal(HttpStatusCode.ServiceUnavailable, openAi.StatusCode);
        Assert.True(openAi.Headers.RetryAfter!.Delta >= TimeSpan.FromSeconds(1));
        Assert.Equal("overloaded", JsonNode.Parse(await openAi.Content.ReadAsStringAsync())!.Text("error", "code"));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, ollama.StatusCode);
        Assert.Contains("places for requests are taken", JsonNode.Parse(await ollama.Content.ReadAsStringAsync())!.Text("error"));
    }

    [Fact]
    public async Task A_node_that_shuts_down_ends_streams_with_an_error_and_the_receipt_in_each_APIs_style()
    {
        await using var node = await ServingNode.StartAsync(configure: o => Paced(0.05)(o) with { ShutdownGrace = TimeSpan.FromMilliseconds(100) });
        using var openAi = await StartAsync(node.Http, Chat, ChatTests.Endless("max_tokens", 4000));

        // With a seed it runs alone and has to wait; its headers are there at once nevertheless.
        using var ollama = await StartAsync(node.Http, "/api/generate", JsonNode.Parse("""{"model":"tiny","prompt":"x","options":{"num_predict":-1,"seed":1}}""")!.AsObject());

        await node.Node.DisposeAsync();

        var events = (await openAi.Content.ReadAsStringAsync()).Split("\n\n", StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal("data: [DONE]", events[^1]);
        var error = JsonNode.Parse(events[^2]["data: ".Length..])!;
        Assert.Equal("interrupted", error.Text("error", "code"));
        Assert.Equal(openAi.Headers.GetValues("Offlm-Receipt").Single(), error.Text("offlm", "receipt"));
        var line = JsonNode.Parse((await ollama.Content.ReadAsStringAsync()).TrimEnd('\n').Split('\n')[^1])!;
        Assert.Contains("shut down", line.Text("error"));
        Assert.Equal(ollama.Headers.GetValues("Offlm-Receipt").Single(), line.Text("offlm", "receipt"));
        await node.Http.RefusedAsync(Chat, Asking.Chat("Hi"), HttpStatusCode.ServiceUnavailable);
    }

    [Fact]
    public async Task A_node_that_shuts_down_bills_nothing_for_answers_that_would_have_been_sent_whole()
    {
        await using var node = await ServingNode.StartAsync(configure: o => Paced(0.05)(o) with
        {
            Tariff = Tariff.Free with { Input = 1000, CachedInput = 1000, Output = 1000 },
            ShutdownGrace = TimeSpan.FromMilliseconds(500),
        });
        using var payer = node.WithKey(Key("payer", credit: 1_000_000));
        var openAi = payer.RefusedAsync(Chat, ChatTests.Endless("max_tokens", 4000), HttpStatusCode.ServiceUnavailable);
        var ollama = payer.RefusedAsync("/api/generate", """{"model":"tiny","prompt":"x","stream":false,"options":{"num_predict":4000,"temperature":0}}""", HttpStatusCode.ServiceUnavailable);
        await Until(() => node.Node.Models.Loaded is [{ Statistics.Tokens: > 20 }] && node.Node.Status().Running == 2);

        await node.Node.DrainAsync();

        Assert.Equal("interrupted", (await openAi).Text("error", "code"));
        foreach (var error in (JsonNode[])[await openAi, await ollama])
        {
            Assert.Equal(("0", "0"), (error.Text("offlm", "completionTokens"), error.Text("offlm", "fee")));
            var receipt = await node.ReceiptAsync(error.Text("offlm", "receipt"));
            Assert.Equal((Outcome.Interrupted, 0u, UInt128.Zero), (receipt.Outcome, receipt.CompletionTokens, receipt.Fee));
        }
    }

    [Fact]
    public async Task A_call_longer_than_what_a_model_may_run_ahead_arrives_whole()
    {
        await using var node = await ServingNode.StartAsync();
        var events = await node.Http.EventsAsync(Chat, Asking.Chat("Write", b =>
        {
            b["max_tokens"] = 3500;
            b["tool_choice"] = "required";
            b["tools"] = JsonNode.Parse("""
                [{"type":"function","function":{"name":"write","parameters":
                  {"type":"object","properties":{"text":{"type":"string","minLength":1500,"maxLength":1600}},"required":["text"],"additionalProperties":false}}}]
                """);
        }));

        var call = events.Select(e => e["choices"]![0]!["delta"]!["tool_calls"]?[0]).Single(c => c is not null)!;
        Assert.InRange(JsonNode.Parse(call.Text("function", "arguments"))!.Text("text").Length, 1500, 3200);
        Assert.True(int.Parse(events[^1].Text("offlm", "completionTokens")) > 256);
    }

    [Fact]
    public async Task A_key_whose_credit_does_not_pay_for_a_token_is_402_and_one_that_pays_is_charged()
    {
        await using var node = await ServingNode.StartAsync(configure: o => o with { Tariff = Tariff.Free with { Input = 1000, CachedInput = 1000, Output = 1000 } });
        using var poor = node.WithKey(Key("poor", credit: 1));
        using var rich = node.WithKey(Key("rich", credit: 1_000_000));

        var error = await poor.RefusedAsync(Chat, Asking.Chat("Hi"), HttpStatusCode.PaymentRequired);
        var answer = await rich.AskAsync(Chat, Asking.Chat("Hi"));

        Assert.Equal("credit_exhausted", error.Text("error", "code"));
        Assert.NotEqual("0", answer.Text("offlm", "fee"));
    }

    private static ApiKey Key(string name, UInt128 credit) => new()
    {
        Id = "",
        Name = name,
        Scope = Scope.Use,
        CreatedAt = default,
        CreditLimit = credit,
        Payer = Address.Parse("0x00000000000000000000000000000000000000aa"),
    };

    private static Func<NodeOptions, NodeOptions> Paced(double pace) =>
        o => o with { Models = new ModelHostOptions { Scheduler = new SchedulerOptions { Pace = () => pace } } };

    private static async Task<HttpResponseMessage> StartAsync(HttpClient http, string path, JsonObject body)
    {
        body["stream"] = true;
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new StringContent(body.ToJsonString()) };
        var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return response;
    }

    private static async Task Until(Func<bool> condition)
    {
        using var deadline = new CancellationTokenSource(ServingNode.Deadline);
        while (!condition())
        {
            await Task.Delay(10, deadline.Token);
        }
    }
}
