using OffLM.Edge.Inference.Interop.OnnxRuntime;
using OffLM.Edge.Inference.Tests.Support;

namespace OffLM.Edge.Inference.Tests.Engines;

/// <summary>Execution providers that can't be had, as machines without them really refuse them: the next one computes, and it is told why.</summary>
public sealed class ProviderLadderTests(TinyModel tiny) : IClassFixture<TinyModel>, IDisposable
{
    private const string Missing = "libonnxruntime_providers_shared.so: cannot open shared object file: No such file or directory";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Without_the_providers_libraries_the_CPU_computes_and_each_reason_is_told()
    {
        using var engine = Load(tiny.StandardFolder, Rung("TensorRT"), Rung("CUDA"), Rung("CPU"));

        Assert.Equal("CPU", engine.Description.Provider);
        Assert.Equal(["TensorRT", "CUDA"], engine.Description.Failed.Select(f => f.Provider));
        Assert.All(engine.Description.Failed, f => Assert.Contains(Missing, f.Reason));
        Assert.All(engine.Description.Failed, f => Assert.DoesNotContain(AppContext.BaseDirectory, f.Reason));
        Assert.All(engine.Description.Failed, f => Assert.DoesNotContain("provider_bridge", f.Reason));
        AssertAnswers(engine);
    }

    [Fact]
    public void TensorRT_is_not_tried_with_operators_that_it_does_not_know()
    {
        using var engine = Load(tiny.Folder, Rung("TensorRT"));

        var failed = Assert.Single(engine.Description.Failed);
        Assert.Equal(("TensorRT", "it knows the operators of the ONNX standard only, and this model's graph has GroupQueryAttention"), (failed.Provider, failed.Reason));
        AssertAnswers(engine);
    }

    [Theory]
    [InlineData("CUDA", "enable_cuda_graph")]
    [InlineData("TensorRT", "trt_cuda_graph_enable")]
    public void A_setting_that_would_give_wrong_answers_is_refused(string provider, string setting)
    {
        using var engine = Load(tiny.StandardFolder, new ProviderRung(provider, new Dictionary<string, string> { [setting] = "1" }));

        Assert.Contains(engine.Description.Failed, f => f.Provider == provider && f.Reason.StartsWith($"{setting} can't be used: ", StringComparison.Ordinal));
        AssertAnswers(engine);
    }

    [Fact]
    public void Nothing_is_tried_below_the_CPU()
    {
        using var engine = Load(tiny.Folder, Rung("CPU"), Rung("CUDA"));

        Assert.Equal("CPU", engine.Description.Provider);
        Assert.Empty(engine.Description.Failed);
    }

    [Fact]
    public async Task Providers_libraries_that_are_none_are_told_and_the_CPU_computes()
    {
        var natives = Directory.CreateDirectory(_folder.Path("natives")).FullName;
        foreach (var library in (string[])["libonnxruntime.so.1", "libonnxruntime-genai.so"])
        {
            File.CreateSymbolicLink(Path.Combine(natives, library), Path.Combine(AppContext.BaseDirectory, library));
        }

        File.WriteAllText(Path.Combine(natives, "libonnxruntime_providers_shared.so"), "not a library");

        var (exit, output) = await ChildProgram.RunAsync(_folder.Root, ChildProgram.Climb, tiny.StandardFolder, natives);

        var lines = output.TrimEnd().Split('\n');
        Assert.Equal((0, 3), (exit, lines.Length));
        Assert.Matches("^TensorRT: .*libonnxruntime_providers_shared.so: file too short$", lines[0]);
        Assert.Matches("^CUDA: .*libonnxruntime_providers_shared.so: file too short$", lines[1]);
        Assert.Equal("CPU: 1024 logits", lines[2]);
        Assert.DoesNotContain(natives, output);
    }

    [Fact]
    public async Task Each_provider_can_be_tried_before_any_model_is_loaded()
    {
        var (exit, output) = await ChildProgram.RunAsync(_folder.Root, ChildProgram.TryProviders);

        var lines = output.TrimEnd().Split('\n');
        Assert.Equal((0, 3), (exit, lines.Length));
        Assert.Matches($"^TensorRT: .*{Missing}$", lines[0]);
        Assert.Matches($"^CUDA: .*{Missing}$", lines[1]);
        Assert.Equal("CPU: works", lines[2]);
    }

    /// <summary>As ONNX Runtime 1.29 said it with the providers for x86-64 and CUDA libraries that report no device, no library, or a wrong setting.</summary>
    [Theory]
    [InlineData(
        "/src/cuda_call.cc:154 std::conditional_t<THRW, void> onnxruntime::CudaCall(int) [with bool THRW = true] CUDA failure 100: no CUDA-capable device is detected ; GPU=-1 ; hostname=box ; file=/src/cuda_execution_provider.cc ; line=345 ; expr=cudaSetDevice(info_.device_id); ",
        "CUDA failure 100: no CUDA-capable device is detected")]
    [InlineData(
        "/src/provider_bridge_ort.cc:1988 onnxruntime::Provider& onnxruntime::ProviderLibrary::Get() [ONNXRuntimeError] : 1 : FAIL : Failed to load library libonnxruntime_providers_cuda.so with error: libcublasLt.so.13: cannot open shared object file: No such file or directory\n",
        "Failed to load library libonnxruntime_providers_cuda.so with error: libcublasLt.so.13: cannot open shared object file: No such file or directory")]
    [InlineData(
        "/src/cuda_execution_provider_info.cc:62 static FromProviderOptions(const ProviderOptions&) [ONNXRuntimeError] : 1 : FAIL : provider_options_utils.h:182 Parse Unknown provider option: \"no_such\".",
        "provider_options_utils.h:182 Parse Unknown provider option: \"no_such\".")]
    [InlineData("its scores are no numbers", "its scores are no numbers")]
    public void What_the_library_says_is_told_without_its_sources_and_this_machines_name(string said, string told) =>
        Assert.Equal(told, ProviderLadder.Reason(new InferenceException(said)));

    [Fact]
    public void The_nodes_that_the_CPU_computes_are_counted()
    {
        using var options = new OrtSessionOptions();
        options.Set("session.record_ep_graph_assignment_info", "1");
        using var session = new OrtSession(Path.Combine(tiny.Folder, "model.onnx"), options);

        var placement = session.CountNodes()!;

        // Two layers: attention, four products, two normalisations and the feed-forward's single steps each.
        Assert.InRange(placement.Nodes, 20, 60);
        Assert.Equal(placement.Nodes, placement.OnCpu);
    }

    private static IEngine Load(string folder, params ProviderRung[] rungs) =>
        EngineLoader.Load(folder, new ModelHostOptions { Engine = EngineChoice.Direct, Threads = 1, Providers = rungs });

    private static ProviderRung Rung(string name) => new(name, new Dictionary<string, string>());

    private void AssertAnswers(IEngine engine)
    {
        using var ours = engine.CreateSlot(50);
        using var theirs = tiny.Engine.CreateSlot(50);
        ours.Prefill(TinyModel.Prompt(20));
        theirs.Prefill(TinyModel.Prompt(20));

        Assert.Equal(LogitMath.IndexOf(theirs.Logits, LogitMath.Max(theirs.Logits)), LogitMath.IndexOf(ours.Logits, LogitMath.Max(ours.Logits)));
    }
}
