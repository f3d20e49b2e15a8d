using OffLM.Edge.Inference.Tests.Support;
using OffLM.ModelForge;

namespace OffLM.Edge.Inference.Tests.Engines;

public sealed class InferenceLibrariesTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly string _home;
    private readonly string _model;

    public InferenceLibrariesTests()
    {
        _home = Directory.CreateDirectory(_folder.Path("home")).FullName;
        _model = _folder.Path("model");
        Forge.Write(_model, ModelRecipe.Tiny);
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task The_libraries_telemetry_is_off()
    {
        var careful = await ChildProgram.RunAsync(_home, ChildProgram.Generate, _model);
        Assert.Equal((0, "onnxruntime-genai: 1024 logits\nonnxruntime-direct: 1024 logits\n"), careful);
        Assert.Empty(TelemetryFiles());

        // Without the precautions the libraries leave their files: this test would have seen them.
        Assert.Equal(0, (await ChildProgram.RunAsync(_home, ChildProgram.GenerateCarelessly, _model)).Exit);
        Assert.NotEmpty(TelemetryFiles());
    }

    [Fact]
    public async Task Missing_libraries_are_told_instead_of_ending_the_process()
    {
        var elsewhere = Directory.CreateDirectory(_folder.Path("elsewhere")).FullName;

        var (exit, output) = await ChildProgram.RunAsync(_home, ChildProgram.LoadElsewhere, _model, elsewhere);

        Assert.Equal(1, exit);
        Assert.StartsWith("libonnxruntime.so.1 was not found. Install the whole published folder, or name the folder", output);
        Assert.Contains($"looked for in {elsewhere}", output);
    }

    [Fact]
    public async Task One_library_without_the_other_is_told()
    {
        var elsewhere = Directory.CreateDirectory(_folder.Path("elsewhere")).FullName;
        File.CreateSymbolicLink(Path.Combine(elsewhere, "libonnxruntime.so.1"), Path.Combine(AppContext.BaseDirectory, "libonnxruntime.so.1"));

        var (exit, output) = await ChildProgram.RunAsync(_home, ChildProgram.LoadElsewhere, _model, elsewhere);

        Assert.Equal(1, exit);
        Assert.StartsWith("libonnxruntime.so.1 was found without libonnxruntime-genai.so", output);
    }

    [Fact]
    public async Task A_library_that_is_no_library_is_told()
    {
        var elsewhere = Directory.CreateDirectory(_folder.Path("elsewhere")).FullName;
        File.WriteAllText(Path.Combine(elsewhere, "libonnxruntime.so.1"), "not a library");
        File.WriteAllText(Path.Combine(elsewhere, "libonnxruntime-genai.so"), "not a library");

        var (exit, output) = await ChildProgram.RunAsync(_home, ChildProgram.LoadElsewhere, _model, elsewhere);

        Assert.Equal(1, exit);
        Assert.StartsWith("libonnxruntime.so.1 is no library", output);
        Assert.Contains(elsewhere, output);
    }

    private string[] TelemetryFiles() =>
        [.. Directory.GetFiles(_home, "*", SearchOption.AllDirectories).Where(f => f.Contains("Microsoft", StringComparison.Ordinal))];
}
