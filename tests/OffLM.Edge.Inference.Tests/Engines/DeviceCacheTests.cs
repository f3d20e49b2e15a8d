using OffLM.Edge.Inference.Tests.Support;
using OffLM.ModelForge;

namespace OffLM.Edge.Inference.Tests.Engines;

/// <summary>The same with the cache in memory that ONNX Runtime gives, as on a GPU: rows stay where they are, and what stands between those that are
/// stepped is computed along. Here the device is the processor.</summary>
public sealed class DeviceCacheTests : DirectEngineTests
{
    private const string Device = "Cpu";

    private readonly string _folder;

    public DeviceCacheTests(TinyModel tiny)
        : base(tiny, tiny.Folder, tolerance: 0.1f, Device) => _folder = tiny.Folder;

    /// <summary>What would be copied to the device is bound for each step.</summary>
    protected override int BytesAllocatedByStep => 400;

    [Fact]
    public void A_full_sequence_between_others_loses_its_last_token_and_nothing_else()
    {
        using var engine = Load(rows: 3);
        var most = engine.ContextLength;
        var slots = Enumerable.Range(0, 3).Select(_ => engine.CreateSlot(most)).ToArray();
        var prompt = TinyModel.Prompt(most);
        slots[0].Prefill(TinyModel.Prompt(10));
        slots[1].Prefill(prompt);
        slots[2].Prefill(TinyModel.Prompt(20));
        var full = slots[1].Logits.ToArray();

        engine.Step([slots[0], slots[2]], [1, 2]);

        Assert.Equal((11, most - 1, 21), (slots[0].Length, slots[1].Length, slots[2].Length));
        slots[1].Prefill(prompt.AsSpan(most - 1));
        Assert.True(LogitMath.Difference(full, slots[1].Logits) < IDirectDecoder.Tolerance);
        Array.ForEach(slots, s => s.Dispose());
    }

    [Fact]
    public void A_row_that_nobody_has_between_others_is_computed_along_and_used_again()
    {
        using var engine = Load(rows: 3);
        var slots = Enumerable.Range(0, 3).Select(_ => engine.CreateSlot(100)).ToArray();
        Array.ForEach(slots, s => s.Prefill(TinyModel.Prompt(30)));
        slots[1].Dispose();

        engine.Step([slots[0], slots[2]], [1, 1]);
        using var next = engine.CreateSlot(100);
        next.Prefill(TinyModel.Prompt(30));
        engine.Step([slots[0], next, slots[2]], [2, 1, 2]);
        next.Step(2);

        Assert.True(LogitMath.Difference(slots[0].Logits, next.Logits) < IDirectDecoder.Tolerance);
        slots[0].Dispose();
        slots[2].Dispose();
    }

    [Fact]
    public void A_device_with_less_memory_gets_fewer_rows_and_one_that_is_not_there_is_told()
    {
        // Rows of 256 MiB: more than a terabyte.
        const int Rows = 1 << 12;
        using var folder = new TemporaryFolder();
        Forge.Write(folder.Path("long"), ModelRecipe.Tiny with { Context = 1 << 17, KvHeads = 4 });
        using var engine = DirectEngine.Load(folder.Path("long"), new DirectOptions(Threads: 1, Rows, CacheBytes: 1L << 42) { CacheDevice = Device });
        Assert.InRange(engine.MaxSlots, 1, Rows / 2);

        var error = Assert.Throws<ModelLoadException>(() => DirectEngine.Load(_folder, new DirectOptions(1, 1, 1L << 30) { CacheDevice = "Cuda" }));
        Assert.Contains("the engine refuses its files", error.Message, StringComparison.Ordinal);
    }

    private DirectEngine Load(int rows) => DirectEngine.Load(_folder, new DirectOptions(Threads: 1, rows, CacheBytes: 1L << 30) { CacheDevice = Device });
}
