using OffLM.Edge.Inference.Tests.Support;
using OffLM.Edge.Tests.Shared.ModelForge;
using OffLM.ModelForge;

namespace OffLM.Edge.Inference.Tests.Engines;

/// <summary>A trained model is the same model in both kinds of graph.</summary>
public sealed class TrainedGraphTests : IDisposable
{
    private const int AnswerTokens = 8;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_trained_model_says_the_same_in_the_runtimes_own_and_in_standard_operators()
    {
        var trained = new TrainedFolder();
        trained.Fill("model.layers.0.self_attn.o_proj.weight", 0.5f);
        trained.Fill("model.layers.0.mlp.down_proj.weight", 5);
        var recipe = ModelRecipe.OfTrained(trained.Write(_folder.Root));
        using var own = Load("own", recipe);
        using var standard = Load("standard", recipe with { Standard = true });

        // Tokens behind these prompts win by 0.2 and more: rounding in another order is not the difference.
        int[][] prompts = [.. new[] { 0, 40, 60, 80 }.Select(first => Enumerable.Range(first, 5 + (first / 20)).ToArray())];
        var answers = Array.ConvertAll(prompts, prompt => Answer(own, prompt));

        Assert.Equal(answers, Array.ConvertAll(prompts, prompt => Answer(standard, prompt)));
        Assert.True(answers.SelectMany(answer => answer).Distinct().Count() > 10, "the model says the same, whatever it is asked");
    }

    private static int[] Answer(DirectEngine engine, int[] prompt)
    {
        using var slot = engine.CreateSlot(prompt.Length + AnswerTokens);
        slot.Prefill(prompt);
        var answer = new int[AnswerTokens];
        for (var i = 0; i < answer.Length; i++)
        {
            answer[i] = LogitMath.IndexOf(slot.Logits, LogitMath.Max(slot.Logits));
            slot.Step(answer[i]);
        }

        return answer;
    }

    private DirectEngine Load(string name, ModelRecipe recipe)
    {
        Forge.Write(_folder.Path(name), recipe);
        return DirectEngine.Load(_folder.Path(name), new DirectOptions(Threads: 1, Rows: 1, CacheBytes: 1L << 24));
    }
}
