using System.Text.Json;

namespace OffLM.ModelForge.Tests;

/// <summary>The program as it is called from a shell.</summary>
public sealed class CommandTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly StringWriter _output = new();
    private readonly StringWriter _errors = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_preset_with_changed_dimensions_is_written()
    {
        var exit = Run(
            "--preset", "tiny", "--out", _folder["m"], "--name", "mine", "--seed", "18446744073709551615", "--layers", "1", "--tied", "true");

        Assert.Equal(0, exit);
        Assert.Contains("mine", _output.ToString());
        using var config = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(_folder["m"], "genai_config.json")));
        Assert.Equal(1, config.RootElement.GetProperty("model").GetProperty("decoder").GetProperty("num_hidden_layers").GetInt32());
        using var manifest = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(_folder["m"], "offlm-model.json")));
        Assert.Equal("mine", manifest.RootElement.GetProperty("name").GetString());
    }

    [Fact]
    public void An_encoders_preset_is_written()
    {
        Assert.Equal(0, Run("--preset", "tiny-encoder", "--out", _folder["e"], "--layers", "1", "--pooling", "cls"));
        Assert.Contains("tiny-encoder", _output.ToString());
        using var manifest = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(_folder["e"], "offlm-model.json")));
        Assert.Equal("cls", manifest.RootElement.GetProperty("embedding").GetProperty("pooling").GetString());
        Assert.Equal("embedding", manifest.RootElement.GetProperty("capabilities")[0].GetString());
    }

    [Fact]
    public void Help_names_every_option()
    {
        Assert.Equal(0, Run("--help"));
        Assert.All(
            [
                "--preset", "--trained", "--out", "--name", "--seed", "--layers", "--hidden", "--heads", "--kv-heads", "--intermediate",
                "--vocabulary", "--tokenizer-vocabulary", "--context", "--threads", "--prune", "--tied", "--pooling",
            ],
            option => Assert.Contains(option, _output.ToString()));
    }

    [Theory]
    [InlineData("'--out' is required", "--preset", "tiny")]
    [InlineData("--wrong", "--out", "m", "--wrong", "1")]
    [InlineData("layers is 'many'; it must be a whole number", "--out", "m", "--layers", "many")]
    [InlineData("choose one of: tiny, qwen2.5-0.5b-dims, tiny-encoder, minilm-dims", "--out", "m", "--preset", "huge")]
    [InlineData("--kv-heads is for models that answer", "--out", "m", "--preset", "tiny-encoder", "--kv-heads", "2")]
    [InlineData("pooling is 'all'; it must be mean, cls or last", "--out", "m", "--preset", "tiny-encoder", "--pooling", "all")]
    [InlineData("hidden is 100; it must be a multiple of 32", "--out", "m", "--hidden", "100")]
    public void Wrong_usage_is_explained_with_exit_code_2(string message, params string[] args)
    {
        Assert.Equal(2, Run(args));
        Assert.Contains(message, _errors.ToString());
        Assert.Equal("", _output.ToString());
    }

    [Fact]
    public void A_folder_that_cannot_be_used_is_explained_with_exit_code_1()
    {
        File.WriteAllText(_folder["letter.txt"], "dear");

        Assert.Equal(1, Run("--out", _folder.Root));
        Assert.Contains("letter.txt", _errors.ToString());
    }

    private int Run(params string[] args) => ForgeCommand.Run(args, _output, _errors);
}
