using System.Text.Json;
using OffLM.Edge.Inference.Tests.Support;

namespace OffLM.Edge.Inference.Tests.Engines;

public sealed class GenAiGuidedOutputTests(TinyModel tiny) : GuidedOutputTests(tiny.Engine), IClassFixture<TinyModel>;

public sealed class DirectGuidedOutputTests(TinyModel tiny) : GuidedOutputTests(tiny.Direct), IClassFixture<TinyModel>;

/// <summary>Grammars decide which tokens are allowed, whichever engine computes.</summary>
public abstract class GuidedOutputTests(IEngine engine)
{
    private const string Schema = """
        {"type":"object","properties":{"ok":{"type":"boolean"},"n":{"type":"integer","minimum":1,"maximum":99},"c":{"enum":["red","green"]}},
         "required":["ok","n","c"],"additionalProperties":false}
        """;

    [Theory]
    [InlineData(0)]
    [InlineData(1.0)]
    public async Task Even_a_model_of_random_weights_writes_json_of_the_schema(double temperature)
    {
        for (var seed = 0UL; seed < 5; seed++)
        {
            var answer = await AskAsync(Schema, seed, temperature, 60);

            Assert.Equal(FinishReason.Stop, answer.Result.Reason);
            using var json = JsonDocument.Parse(answer.Text);
            Assert.InRange(json.RootElement.GetProperty("n").GetInt32(), 1, 99);
            Assert.Contains(json.RootElement.GetProperty("c").GetString(), (string[])["red", "green"]);
            Assert.DoesNotContain("  ", answer.Text);
        }
    }

    [Theory]
    [InlineData("é bad")]
    [InlineData("x — y…")]
    [InlineData("日本語")]
    [InlineData("😀 good, a€b")]
    public async Task Letters_of_any_length_are_written_whole(string text)
    {
        var quoted = JsonSerializer.Serialize(text, new JsonSerializerOptions { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
        foreach (var temperature in (double[])[0, 1.5])
        {
            var answer = await AskAsync($$$"""{"type":"object","properties":{{{{quoted}}}:{"enum":[{{{quoted}}}]}},"required":[{{{quoted}}}],"additionalProperties":false}""", 1, temperature, 120);

            Assert.Equal(FinishReason.Stop, answer.Result.Reason);
            using var json = JsonDocument.Parse(answer.Text);
            Assert.Equal(text, json.RootElement.GetProperty(text).GetString());
        }
    }

    [Fact]
    public async Task Seeds_repeat_and_differ()
    {
        var schema = """{"type":"array","items":{"type":"integer"},"minItems":8,"maxItems":8}""";
        schema = $$"""{"type":"object","properties":{"list":{{schema}}},"required":["list"],"additionalProperties":false}""";

        var first = await AskAsync(schema, 1, 1, 80);

        Assert.Equal(first.Text, (await AskAsync(schema, 1, 1, 80)).Text);
        Assert.NotEqual(first.Text, (await AskAsync(schema, 2, 1, 80)).Text);
    }

    [Fact]
    public async Task White_space_can_not_go_on_for_ever()
    {
        // A model that wants nothing but line breaks.
        var newline = engine.Encode("\n")[0];
        var space = engine.Encode(" ")[0];
        var bias = new Dictionary<int, double> { [newline] = 100, [space] = 100 };
        await using var scheduler = new GenerationScheduler(engine, new SchedulerOptions(), TimeProvider.System);

        var answer = await Answer.OfAsync(scheduler, TinyModel.Greedy(TinyModel.Prompt(20), 80) with
        {
            Sampling = new SamplingOptions { Seed = 1, Temperature = 0, LogitBias = bias },
            Guidance = new Guidance(GuidanceKind.JsonSchema, Schema),
        });

        Assert.Equal(FinishReason.Stop, answer.Result.Reason);
        Assert.Equal(JsonValueKind.Object, JsonDocument.Parse(answer.Text).RootElement.ValueKind);
    }

    [Fact]
    public async Task Without_a_schema_the_answer_begins_an_object()
    {
        await using var scheduler = new GenerationScheduler(engine, new SchedulerOptions(), TimeProvider.System);

        var answer = await Answer.OfAsync(
            scheduler, TinyModel.Greedy(TinyModel.Prompt(20), 30) with { Guidance = new Guidance(GuidanceKind.JsonObject, "") });

        Assert.StartsWith("{", answer.Text);
    }

    [Theory]
    [InlineData("{secret", "not JSON: line 1, byte 2")]
    [InlineData("[1]", "object was expected")]
    [InlineData("""{"type":"secret"}""", "can't be enforced: Invalid type. Correct it")]
    [InlineData("""{"type":"string","pattern":"(secret"}""", "can't be enforced: regex parse error. Correct it")]
    [InlineData("""{"type":"integer","minimum":"secret"}""", "can't be enforced: a keyword has a value of the wrong kind. Correct it")]
    [InlineData("""{"type":"array","maxItems":1000000000,"items":{"enum":["secret"]}}""", "minItems and maxItems of its arrays are more than 20000 together")]
    [InlineData("""{"anyOf":[{"minItems":-1e300,"maxItems":15000},{"not":{"minItems":5001}}]}""", "more than 20000 together. Name fewer")]
    [InlineData("""{"$ref":"#/secret"}""", "can't be enforced: a $ref leads to nothing in the schema. Correct it")]
    [InlineData("""{"type":"object","if":{"secret":1}}""", "can't be enforced: Unimplemented keys: [\"if\"]. Correct it")]
    public async Task A_bad_schema_is_refused_and_its_place_can_be_used_again(string schema, string says)
    {
        await using var scheduler = new GenerationScheduler(engine, new SchedulerOptions(), TimeProvider.System);
        using var ticket = scheduler.Reserve();
        var request = TinyModel.Greedy(TinyModel.Prompt(20), 5);

        var error = Assert.Throws<InvalidGuidanceException>(
            () => ticket.Start(request with { Guidance = new Guidance(GuidanceKind.JsonSchema, schema) }));

        Assert.Contains(says, error.Message);
        Assert.DoesNotContain("secret", error.Message);
        Assert.Equal(5, (await Answer.ReadAsync(ticket.Start(request))).Result.CompletionTokens);
    }

    private async Task<Answer> AskAsync(string schema, ulong seed, double temperature, int tokens)
    {
        await using var scheduler = new GenerationScheduler(engine, new SchedulerOptions(), TimeProvider.System);
        return await Answer.OfAsync(scheduler, new GenerationRequest
        {
            Prompt = engine.Encode("the answer is "),
            MaxNewTokens = tokens,
            Sampling = new SamplingOptions { Seed = seed, Temperature = temperature, TopK = 0, TopP = 1 },
            Guidance = new Guidance(GuidanceKind.JsonSchema, schema),
        });
    }
}
