using OffLM.Edge.Inference.Tests.Support;
using OffLM.ModelForge;

namespace OffLM.Edge.Inference.Tests.Engines;

/// <summary>The same of a model in 16-bit floats, which GenAI computes with the same kernels.</summary>
public sealed class HalfGraphTests(HalfGraphTests.HalfModel half) : DirectEngineTests(half, half.Folder, tolerance: 0.1f), IClassFixture<HalfGraphTests.HalfModel>
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Scores_are_near_those_of_32_bit_floats_and_the_cache_takes_half(bool tied)
    {
        using var folder = new TemporaryFolder();
        Forge.Write(folder.Path("whole"), ModelRecipe.Tiny with { Tied = tied });
        Forge.Write(folder.Path("half"), ModelRecipe.Tiny with { Tied = tied, Half = true });
        using var whole = DirectEngine.Load(folder.Path("whole"), new DirectOptions(Threads: 1, Rows: 1000, CacheBytes: 1L << 28));
        using var halved = DirectEngine.Load(folder.Path("half"), new DirectOptions(Threads: 1, Rows: 1000, CacheBytes: 1L << 28));
        using var expected = whole.CreateSlot(100);
        using var slot = halved.CreateSlot(100);
        expected.Prefill(TinyModel.Prompt(50));
        slot.Prefill(TinyModel.Prompt(50));
        for (var token = 0; token < 20; token++)
        {
            Assert.All(expected.Logits.ToArray().Zip(slot.Logits.ToArray()), pair => Assert.Equal(pair.First, pair.Second, 0.3f));
            expected.Step(token);
            slot.Step(token);
        }

        Assert.NotEqual(expected.Logits.ToArray(), slot.Logits.ToArray());
        Assert.Equal((2 * whole.MaxSlots, whole.CacheBytesPerToken), (halved.MaxSlots, 2 * halved.CacheBytesPerToken));
    }

    /// <summary>The tiny model in 16-bit floats.</summary>
    public sealed class HalfModel() : TinyModel(ModelRecipe.Tiny with { Half = true });
}
