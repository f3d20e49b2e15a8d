using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using OffLM.Edge.Lan.Tests.Serving;

namespace OffLM.Edge.Lan.Tests.OpenAi;

[Collection(SharedNodeTests.Name)]
public sealed class RefusalTests(SharedNode shared)
{
    private const string Path = "/v1/chat/completions";

    private readonly ServingNode _node = shared.Node;

    [Theory]
    [InlineData("temperature", "3", "'temperature' must be a number from 0 to 2; it is 3.")]
    [InlineData("temperature", "\"hot\"", "'temperature' must be a number from 0 to 2; it is a string.")]
    [InlineData("temperature", "1e999", "'temperature' must be a number from 0 to 2; it is")]
    [InlineData("top_p", "1.5", "'top_p' must be")]
    [InlineData("max_tokens", "0", "'max_tokens' must be a whole number from 1 to")]
    [InlineData("max_tokens", "1.5", "'max_tokens' must be a whole number from 1 to")]
    [InlineData("max_tokens", "99999999999999999999", "'max_tokens' must be a whole number from 1 to")]
    [InlineData("frequency_penalty", "-3", "'frequency_penalty' must be")]
    [InlineData("presence_penalty", "[]", "'presence_penalty' must be a number from -2 to 2; it is an array.")]
    [InlineData("n", "2", "one request has one answer")]
    [InlineData("seed", "\"1\"", "'seed' must be a whole number")]
    [InlineData("stop", "[1]", "'stop[0]' must be a string; it is a number.")]
    [InlineData("stop", "\"\"", "'stop' must be strings with at least one character")]
    [InlineData("stop", "[\"1\",\"2\",\"3\",\"4\",\"5\",\"6\",\"7\",\"8\",\"9\",\"10\",\"11\",\"12\",\"13\",\"14\",\"15\",\"16\",\"17\"]", "'stop' must be at most 16 strings")]
    [InlineData("stream", "\"yes\"", "'stream' must be true or false; it is a string.")]
    [InlineData("stream_options", "{\"include_usage\":true}", "only for requests with 'stream': true")]
    [InlineData("logit_bias", "{\"word\":1}", "'logit_bias' must have token ids")]
    [InlineData("logit_bias", "{\"5\":101}", "'logit_bias.5' must be a number from -100 to 100")]
    [InlineData("logit_bias", "{\"999999\":1}", "not in the model's vocabulary")]
    [InlineData("top_logprobs", "2", "only for requests with 'logprobs': true")]
    [InlineData("top_logprobs", "21", "'top_logprobs' must be a whole number from 0 to 20; it is 21.")]
    [InlineData("response_format", "{\"type\":\"xml\"}", "'response_format.type' must be text, json_object or json_schema")]
    [InlineData("response_format", "{\"type\":\"json_schema\"}", "'response_format.json_schema.schema' is missing")]
    [InlineData("tools", "{}", "'tools' must be an array; it is an object.")]
    [InlineData("tools", "[{\"type\":\"function\"}]", "'tools[0].function' is missing")]
    [InlineData("tools", "[{\"type\":\"web_search\"}]", "'tools[0].type' must be 'function'")]
    [InlineData("tool_choice", "\"required\"", "not among 'tools'")]
    [InlineData("functions", "[]", "replaced by 'tools'")]
    [InlineData("modalities", "[\"audio\"]", "'modalities[0]' must be 'text'")]
    [InlineData("messages", "[]", "'messages' is missing or empty")]
    [InlineData("messages", "\"hi\"", "'messages' must be an array; it is a string.")]
    [InlineData("messages", "[{\"role\":\"king\",\"content\":\"x\"}]", "'messages[0].role' must be one of system, developer, user, assistant, tool")]
    [InlineData("messages", "[{\"content\":\"x\"}]", "'messages[0].role' is missing")]
    [InlineData("messages", "[{\"role\":\"user\"}]", "'messages[0].content' is missing")]
    [InlineData("messages", "[{\"role\":\"user\",\"content\":7}]", "'messages[0].content' must be a string or an array of text parts; it is a number.")]
    [InlineData("messages", "[{\"role\":\"user\",\"content\":[{\"type\":\"image_url\",\"image_url\":{\"url\":\"x\"}}]}]", "'messages[0].content[0]' is an image; this node's models read text only.")]
    [InlineData("messages", "[{\"role\":\"user\",\"content\":\"\\ud800\"}]", "half a surrogate pair")]
    public async Task A_wrong_field_is_named_with_what_was_expected_and_what_came(string field, string value, string message)
    {
        var body = Asking.Chat("secret words").ToJsonString();
        body = field == "messages" || field == "max_tokens"
            ? body.Replace(field == "messages" ? """[{"role":"user","content":"secret words"}]""" : "\"max_tokens\":12", field == "messages" ? value : $"\"max_tokens\":{value}")
            : body[..^1] + $",\"{field}\":{value}}}";

        var error = await _node.Http.RefusedAsync(Path, body, HttpStatusCode.BadRequest);

        Assert.Contains(message, error.Text("error", "message"));
        Assert.Equal("invalid_request_error", error.Text("error", "type"));
        Assert.DoesNotContain("secret", error.ToJsonString());
    }

    [Theory]
    [InlineData("", "The request has no body; a JSON object was expected.")]
    [InlineData(" \n ", "The request has no body; a JSON object was expected.")]
    [InlineData("[]", "The body is an array; a JSON object was expected.")]
    [InlineData("{\"model\":\n\"tiny\" \"secret\"}", "The body is not valid JSON: something unexpected is in line 2, byte 8.")]
    [InlineData("{\"model\":", "The body is not valid JSON")]
    [InlineData("{\"messages\":[]}", "'model' is missing; a string was expected.")]
    [InlineData("{\"model\":null,\"messages\":[]}", "'model' is missing; a string was expected.")]
    [InlineData("{\"model\":5}", "'model' must be a string; it is a number.")]
    public async Task A_body_that_is_no_request_is_refused_with_its_place(string body, string message)
    {
        var error = await _node.Http.RefusedAsync(Path, body, HttpStatusCode.BadRequest);

        Assert.Contains(message, error.Text("error", "message"));
        Assert.DoesNotContain("secret", error.ToJsonString());
    }

    [Fact]
    public async Task Deep_nesting_is_refused_as_such_and_64_levels_are_not()
    {
        var deep = await _node.Http.RefusedAsync(Path, Nested(100_000), HttpStatusCode.BadRequest);
        var allowed = await _node.Http.RefusedAsync(Path, Nested(63), HttpStatusCode.BadRequest);

        Assert.Equal("The body is nested deeper than 64 levels.", deep.Text("error", "message"));
        Assert.Contains("'model' is missing", allowed.Text("error", "message"));

        static string Nested(int levels) => "{\"x\":" + new string('[', levels) + new string(']', levels) + "}";
    }

    [Theory]
    [InlineData("{\"\\ud800\":1,\"model\":\"tiny\"}")]
    [InlineData("{\"model\":\"tiny\",\"logit_bias\":{\"\\ud800\":1}}")]
    [InlineData("{\"model\":\"\\ud800\"}")]
    public async Task Half_a_surrogate_pair_is_a_clients_mistake_wherever_it_is(string body)
    {
        foreach (var path in (string[])[Path, "/v1/completions", "/api/chat"])
        {
            using var response = await _node.Http.PostTextAsync(path, body);

            Assert.True((int)response.StatusCode < 500, $"{path}: {await response.Content.ReadAsStringAsync()}");
        }
    }

    [Fact]
    public async Task No_mangled_request_is_the_nodes_fault()
    {
        var random = new Random(12);
        string[] seeds =
        [
            "/v1/chat/completions", Asking.Chat("Hi", b => (b["max_tokens"], b["stop"], b["tools"]) = (1, "x", new JsonArray())).ToJsonString(),
            "/v1/completions", """{"model":"tiny","prompt":"Hi","max_tokens":1,"logit_bias":{"5":1},"stop":["a","b"]}""",
            "/api/chat", """{"model":"tiny","messages":[{"role":"user","content":"Hi"}],"format":{"type":"object"},"keep_alive":"5m","options":{"num_predict":1,"stop":["x"]}}""",
            "/api/generate", """{"model":"tiny","prompt":"Hi","raw":true,"options":{"num_predict":1,"seed":1,"top_k":5}}""",
        ];
        string[] pieces = ["null", "[]", "{}", "-1", "1e400", "\"\\udfff\"", "\"\\u0000\"", "[[", "}", "\"", "true", "0.5", "99999999999999999999", ","];
        for (var round = 0; round < 400; round++)
        {
            var pair = random.Next(seeds.Length / 2) * 2;
            var body = seeds[pair + 1];
            for (var cuts = random.Next(1, 3); cuts > 0; cuts--)
            {
                var at = random.Next(body.Length);
                body = body[..at] + pieces[random.Next(pieces.Length)] + body[Math.Min(body.Length, at + random.Next(12))..];
            }

            using var response = await _node.Http.PostTextAsync(seeds[pair], body);
            Assert.True((int)response.StatusCode < 500, $"{seeds[pair]} {response.StatusCode} for {body}: {await response.Content.ReadAsStringAsync()}");
        }
    }

    [Fact]
    public async Task Bytes_that_are_no_UTF8_are_refused_with_their_place()
    {
        using var response = await _node.Http.PostAsync(Path, new ByteArrayContent([.. "{\"model\":\""u8, 0xC3, 0x28, .. "\"}"u8]));

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Contains("not valid UTF-8 from byte 10 on", await response.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task A_body_with_a_byte_order_mark_and_no_content_type_is_taken()
    {
        using var response = await _node.Http.PostAsync(Path, new ByteArrayContent([0xEF, 0xBB, 0xBF, .. Encoding.UTF8.GetBytes(Asking.Chat("Hi").ToJsonString())]));

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    [Fact]
    public async Task A_body_over_the_limit_is_413_with_and_without_a_length()
    {
        var large = Asking.Chat(new string('x', 5 << 20)).ToJsonString();
        foreach (var chunked in (bool[])[false, true])
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, Path) { Content = new StringContent(large) };
            request.Headers.TransferEncodingChunked = chunked;
            using var response = await _node.Http.SendAsync(request);

            Assert.Equal(HttpStatusCode.RequestEntityTooLarge, response.StatusCode);
            Assert.Contains("4194304", JsonNode.Parse(await response.Content.ReadAsStringAsync())!.Text("error", "message"));
        }
    }

    [Fact]
    public async Task Unknown_fields_and_null_ones_are_ignored()
    {
        var answer = await _node.Http.AskAsync(Path, Asking.Chat("Hi", b =>
        {
            b["user"] = "someone";
            b["store"] = true;
            b["temperature"] = null;
            b["stop"] = null;
            b["tools"] = null;
            b["brand_new"] = new JsonObject { ["a"] = 1 };
        }));

        Assert.NotEqual("0", answer.Text("usage", "completion_tokens"));
    }

    [Fact]
    public async Task An_unknown_model_is_404()
    {
        var error = await _node.Http.RefusedAsync(Path, Asking.Chat("Hi", model: "gpt-4o"), HttpStatusCode.NotFound);

        Assert.Equal("model_not_found", error.Text("error", "code"));
        Assert.Equal("model", error.Text("error", "param"));
    }

    [Fact]
    public async Task A_prompt_longer_than_the_context_says_how_long_both_are()
    {
        var error = await _node.Http.RefusedAsync(Path, Asking.Chat(string.Concat(Enumerable.Repeat("word and ", 4000))), HttpStatusCode.BadRequest);

        Assert.Equal("context_length_exceeded", error.Text("error", "code"));
        Assert.Contains("4096", error.Text("error", "message"));
    }

    [Theory]
    [InlineData(Path, """{"response_format":{"type":"json_schema","json_schema":{"schema":{"type":"secret"}}}}""", "The schema can't be enforced")]
    [InlineData("/v1/completions", """{"prompt":"Hi","response_format":{"type":"json_schema","json_schema":{"schema":{"pattern":"(secret"}}}}""", "The schema can't be enforced")]
    [InlineData("/v1/completions", """{"prompt":"Hi","logit_bias":{"999999":1}}""", "Token 999999 of the logit bias is not in the model's vocabulary")]
    [InlineData("/api/chat", """{"format":{"type":"secret"}}""", "The schema can't be enforced")]
    public async Task What_only_the_engine_can_see_is_wrong_is_400_and_leaves_no_receipt(string path, string fields, string message)
    {
        var body = Asking.Chat("Hi");
        foreach (var (name, value) in JsonNode.Parse(fields)!.AsObject())
        {
            body[name] = value!.DeepClone();
        }

        var before = Receipts();
        var error = await _node.Http.RefusedAsync(path, body, HttpStatusCode.BadRequest);

        Assert.Contains(message, path == "/api/chat" ? error.Text("error") : error.Text("error", "message"));
        Assert.DoesNotContain("secret", error.ToJsonString());
        Assert.Equal(before, Receipts());

        (ulong Receipts, int Holds) Receipts()
        {
            using var reader = _node.Node.Ledger.Read();
            return (reader.Summary().Receipts, reader.Summary().Holds);
        }
    }

    [Theory]
    [InlineData("/v1/responses", HttpStatusCode.NotImplemented, "/v1/chat/completions")]
    [InlineData("/v1/images/generations", HttpStatusCode.NotFound, "no such method and path")]
    public async Task What_this_version_does_not_do_is_said_in_OpenAIs_shape(string path, HttpStatusCode status, string message)
    {
        var error = await _node.Http.RefusedAsync(path, "{}", status);

        Assert.Contains(message, error.Text("error", "message"));
        Assert.Equal("invalid_request_error", error.Text("error", "type"));
    }

    [Fact]
    public async Task A_compressed_body_is_415()
    {
        using var content = new StringContent("x");
        content.Headers.ContentEncoding.Add("gzip");
        using var response = await _node.Http.PostAsync(Path, content);

        Assert.Equal(HttpStatusCode.UnsupportedMediaType, response.StatusCode);
    }
}
