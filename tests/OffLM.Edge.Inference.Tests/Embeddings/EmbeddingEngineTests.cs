using OffLM.Edge.Inference.Interop.OnnxRuntime;
using OffLM.Edge.Inference.Tests.Support;
using OffLM.ModelForge;

namespace OffLM.Edge.Inference.Tests.Embeddings;

/// <summary>Embeddings are what the model's arithmetic says, whoever is in the batch.</summary>
public sealed class EmbeddingEngineTests(TinyEncoder tiny) : IClassFixture<TinyEncoder>
{
    private const int Width = 64;

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(40)]
    public void An_embedding_is_what_plain_sums_give(int tokens)
    {
        var sequence = TinyModel.Prompt(tokens);

        AssertClose(new ReferenceEncoder(EncoderRecipe.Tiny).Embedding(sequence), Embed(tiny.Engine, sequence));
    }

    [Fact]
    public void Sequences_of_a_batch_do_not_see_each_other_nor_their_padding()
    {
        int[][] sequences = [TinyModel.Prompt(3), TinyModel.Prompt(120, 5), TinyModel.Prompt(31, 9)];
        var together = Embed(tiny.Engine, sequences);

        for (var i = 0; i < sequences.Length; i++)
        {
            AssertClose(Embed(tiny.Engine, sequences[i]), together.AsSpan(i * Width, Width).ToArray());
        }
    }

    [Theory]
    [InlineData("cls", 0)]
    [InlineData("last", 11)]
    public void A_model_may_take_one_tokens_vector_as_it_is(string pooling, int token)
    {
        using var engine = tiny.Forged(EncoderRecipe.Tiny with { Name = pooling, Pooling = pooling, Normalize = false });
        var sequence = TinyModel.Prompt(12);

        var expected = new ReferenceEncoder(EncoderRecipe.Tiny).States(sequence)[token];

        AssertClose(expected, Embed(engine, sequence));
        AssertClose(expected, Embed(engine, sequence, TinyModel.Prompt(50)).AsSpan(0, Width).ToArray());
    }

    [Fact]
    public void Texts_that_share_words_are_nearer_than_texts_that_do_not()
    {
        var (question, near, far) = (Of("the garden in the winter"), Of("a winter garden"), Of("power and music of the state"));

        Assert.True(Cosine(question, near) > Cosine(question, far) + 0.05, $"{Cosine(question, near)} against {Cosine(question, far)}");
    }

    [Fact]
    public void A_graph_that_is_not_what_the_manifest_says_is_told()
    {
        var model = tiny.Store.Find("tiny-encoder");
        var manifest = model.Manifest with { Embedding = model.Manifest.Embedding! with { Dimensions = 65 } };

        var error = Assert.Throws<ModelLoadException>(() => EmbeddingEngine.Load(model.Folder, manifest, new EncoderOptions(1)));

        Assert.Contains("last_hidden_state is not float32 of 65 dimensions", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_tokenizer_is_the_models_own() => Assert.Equal(4, tiny.Engine.Encode(" the water was warm").Length);

    private float[] Of(string text) => Embed(tiny.Engine, tiny.Engine.Encode(text));

    private static float[] Embed(EmbeddingEngine engine, params int[][] sequences)
    {
        using var options = new OrtRunOptions();
        var vectors = new float[sequences.Length * Width];
        engine.Embed(sequences, [.. Enumerable.Range(0, sequences.Length)], vectors, Width, options);
        return vectors;
    }

    private static void AssertClose(IEnumerable<double> expected, float[] actual) => Assert.All(expected.Zip(actual), pair => Assert.Equal(pair.First, pair.Second, 1e-4));

    private static void AssertClose(float[] expected, float[] actual) => AssertClose(expected.Select(x => (double)x), actual);

    private static double Cosine(float[] a, float[] b) => a.Zip(b, (x, y) => (double)x * y).Sum();
}
