using System.Net;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json.Nodes;
using OffLM.Edge.Lan.Tests.Serving;
using OffLM.Edge.Metering.Receipts;
using OffLM.Edge.Signing;

namespace OffLM.Edge.Lan.Tests.OpenAi;

[Collection(SharedNodeTests.Name)]
public sealed class EmbeddingTests(SharedNode shared)
{
    private const string Path = "/v1/embeddings";
    private const int Dimensions = 64;

    private readonly HttpClient _http = shared.Node.Http;

    [Fact]
    public async Task A_text_becomes_a_vector_of_length_1_and_names_its_receipt()
    {
        var answer = await _http.AskAsync(Path, Body(" light in the garden"));
        var receipt = await shared.Node.ReceiptAsync(answer.Text("offlm", "receipt"));
        var vector = VectorOf(answer, 0);

        Assert.Equal(("list", ServingNode.Encoder, "embedding", "0"), (answer.Text("object"), answer.Text("model"), answer.Text("data", 0, "object"), answer.Text("data", 0, "index")));
        Assert.Equal(Dimensions, vector.Length);
        Assert.Equal(1, vector.Sum(x => x * x), 1e-4);
        Assert.Equal((6u, 0u, Outcome.Stop), (receipt.PromptTokens, receipt.CompletionTokens, receipt.Outcome));
        Assert.Equal(("6", "6"), (answer.Text("usage", "prompt_tokens"), answer.Text("usage", "total_tokens")));
        Assert.Equal(EmbeddingMark.Extension, receipt.Extension);
        Assert.Equal(Commitment.To(Salt(answer, "prompt"), "[\" light in the garden\"]"), receipt.PromptCommitment);
        Assert.Equal(Commitment.To(Salt(answer, "completion"), MemoryMarshal.AsBytes(vector.AsSpan())), receipt.CompletionCommitment);
    }

    [Fact]
    public async Task Several_texts_have_their_vectors_in_their_order()
    {
        string[] texts = ["river", "a much longer text about the winter, the mountain and the music of the evening", "river"];
        var together = await _http.AskAsync(Path, Body(new JsonArray([.. texts.Select(t => JsonValue.Create(t))])));

        Assert.Equal(3, together["data"]!.AsArray().Count);
        for (var i = 0; i < texts.Length; i++)
        {
            Assert.Equal($"{i}", together.Text("data", i, "index"));
            AssertClose(VectorOf(await _http.AskAsync(Path, Body(texts[i])), 0), VectorOf(together, i));
        }
    }

    [Fact]
    public async Task Token_ids_stand_for_the_text_that_they_are()
    {
        var text = VectorOf(await _http.AskAsync(Path, Body(" the of")), 0);

        // Words follow the 256 bytes with their beginnings: « t», « th», « the», « o», « of».
        int[] tokens = [258, 260];

        AssertClose(text, VectorOf(await _http.AskAsync(Path, Body(new JsonArray([.. tokens.Select(t => JsonValue.Create(t))]))), 0));
        var two = await _http.AskAsync(Path, Body(new JsonArray(new JsonArray([.. tokens.Select(t => JsonValue.Create(t))]), new JsonArray(JsonValue.Create(300)))));
        AssertClose(text, VectorOf(two, 0));
        Assert.Equal($"{tokens.Length + 2 + 3}", two.Text("usage", "prompt_tokens"));
    }

    [Fact]
    public async Task Base64_holds_the_same_numbers_as_little_endian_floats()
    {
        var numbers = VectorOf(await _http.AskAsync(Path, Body("story", b => b["encoding_format"] = "float")), 0);
        var encoded = (await _http.AskAsync(Path, Body("story", b => b["encoding_format"] = "base64"))).Text("data", 0, "embedding");

        AssertClose(numbers, MemoryMarshal.Cast<byte, float>(Convert.FromBase64String(encoded)).ToArray());
    }

    [Fact]
    public async Task Fewer_dimensions_are_the_first_ones_brought_to_length_1()
    {
        var whole = VectorOf(await _http.AskAsync(Path, Body("story")), 0);
        var part = VectorOf(await _http.AskAsync(Path, Body("story", b => b["dimensions"] = 8)), 0);
        var length = Math.Sqrt(whole.Take(8).Sum(x => (double)x * x));

        AssertClose([.. whole.Take(8).Select(x => (float)(x / length))], part);
        var refused = await _http.RefusedAsync(Path, Body("story", b => b["dimensions"] = 65), HttpStatusCode.BadRequest);
        Assert.Equal("dimensions", refused.Text("error", "param"));
        Assert.Contains("have 64 dimensions or fewer; 65 were asked for", refused.Text("error", "message"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"model":"tiny-encoder"}""", "'input' is missing")]
    [InlineData("""{"model":"tiny-encoder","input":[]}""", "from 1 to 2048 texts; it is 0")]
    [InlineData("""{"model":"tiny-encoder","input":["a",""]}""", "texts with at least one character")]
    [InlineData("""{"model":"tiny-encoder","input":["a",5]}""", "'input[1]' must be a string")]
    [InlineData("""{"model":"tiny-encoder","input":[5,"a"]}""", "'input[1]' must be a whole number")]
    [InlineData("""{"model":"tiny-encoder","input":[5,9999]}""", "Token 9999 is not in the vocabulary of tiny-encoder (0 to 1023)")]
    [InlineData("""{"model":"tiny-encoder","input":"a","encoding_format":"hex"}""", "'encoding_format' must be 'float' or 'base64'")]
    [InlineData("""{"model":"tiny-encoder","input":"a","dimensions":0}""", "'dimensions' must be a whole number from 1")]
    [InlineData("""{"model":"tiny","input":"a"}""", "The model tiny answers and makes no embeddings. Use a model with the capability \"embedding\", such as tiny-encoder.")]
    public async Task What_cannot_be_done_is_said_with_400(string body, string message)
    {
        var refused = await _http.RefusedAsync(Path, body, HttpStatusCode.BadRequest);

        Assert.Contains(message, refused.Text("error", "message"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_text_that_is_too_long_is_refused_with_its_length()
    {
        var refused = await _http.RefusedAsync(Path, Body(string.Concat(Enumerable.Repeat(" the", 600))), HttpStatusCode.BadRequest);

        Assert.Equal("context_length_exceeded", refused.Text("error", "code"));
        Assert.Contains("Text 1 has 600 tokens; tiny-encoder takes 510 of each", refused.Text("error", "message"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/v1/chat/completions", """{"model":"tiny-encoder","messages":[{"role":"user","content":"x"}]}""")]
    [InlineData("/v1/completions", """{"model":"tiny-encoder","prompt":"x"}""")]
    public async Task A_model_that_makes_embeddings_does_not_answer(string path, string body)
    {
        var refused = await _http.RefusedAsync(path, body, HttpStatusCode.BadRequest);

        Assert.Contains("The model tiny-encoder makes embeddings and can't answer. Ask it at /v1/embeddings or /api/embed", refused.Text("error", "message"), StringComparison.Ordinal);
        Assert.Equal("model", refused.Text("error", "param"));
    }

    [Fact]
    public async Task A_retry_gets_the_same_vectors_and_the_same_receipt()
    {
        var key = Guid.NewGuid().ToString();
        var (first, second) = (await AskAsync(), await AskAsync());

        Assert.Equal(first.ToJsonString(), second.ToJsonString());

        async Task<JsonNode> AskAsync()
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, Path) { Content = new StringContent(Body("again").ToJsonString(), Encoding.UTF8, "application/json") };
            request.Headers.Add("Idempotency-Key", key);
            using var response = await _http.SendAsync(request);
            return JsonNode.Parse(await response.Content.ReadAsStringAsync())!;
        }
    }

    [Fact]
    public async Task The_list_of_models_says_which_make_embeddings()
    {
        var model = JsonNode.Parse(await _http.GetStringAsync($"/v1/models/{ServingNode.Encoder}"))!;

        Assert.Equal("""["embedding"]""", model["capabilities"]!.ToJsonString());
    }

    private static JsonObject Body(JsonNode input, Action<JsonObject>? more = null)
    {
        var body = new JsonObject { ["model"] = ServingNode.Encoder, ["input"] = input };
        more?.Invoke(body);
        return body;
    }

    private static float[] VectorOf(JsonNode answer, int index) => [.. answer["data"]![index]!["embedding"]!.AsArray().Select(x => x!.GetValue<float>())];

    private static Bytes32 Salt(JsonNode answer, string which) => Bytes32.Parse(answer.Text("offlm", "salts", which));

    private static void AssertClose(float[] expected, float[] actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        Assert.All(expected.Zip(actual), pair => Assert.Equal(pair.First, pair.Second, 1e-4));
    }
}
