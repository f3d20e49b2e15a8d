using System.Security.Cryptography;
using System.Text.Json;

namespace OffLM.ModelForge.Tests;

/// <summary>The files as files: repeatable, described by the manifest, of the promised size.</summary>
public sealed class FilesTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void One_seed_gives_byte_identical_files()
    {
        Forge.Write(_folder["a"], ModelRecipe.Tiny with { Seed = 7 });
        Forge.Write(_folder["b"], ModelRecipe.Tiny with { Seed = 7 });

        Assert.Equal(Digests(_folder["a"]), Digests(_folder["b"]));
    }

    [Fact]
    public void Another_seed_gives_other_weights_and_the_same_tokenizer()
    {
        Forge.Write(_folder["a"], ModelRecipe.Tiny with { Seed = 7 });
        Forge.Write(_folder["b"], ModelRecipe.Tiny with { Seed = 8 });
        var (a, b) = (Digests(_folder["a"]), Digests(_folder["b"]));

        Assert.NotEqual(a["model.onnx.data"], b["model.onnx.data"]);
        Assert.NotEqual(a["offlm-model.json"], b["offlm-model.json"]);
        Assert.Equal(a["tokenizer.json"], b["tokenizer.json"]);
    }

    [Fact]
    public void Writing_over_an_earlier_model_leaves_no_trace_of_it()
    {
        Forge.Write(_folder["a"], ModelRecipe.Tiny with { Layers = 3 });
        Forge.Write(_folder["a"], ModelRecipe.Tiny);
        Forge.Write(_folder["b"], ModelRecipe.Tiny);

        Assert.Equal(Digests(_folder["b"]), Digests(_folder["a"]));
    }

    [Fact]
    public void The_manifest_has_the_digest_and_size_of_every_other_file()
    {
        Forge.Write(_folder.Root, ModelRecipe.Tiny);
        using var manifest = Manifest();
        var described = manifest.RootElement.GetProperty("files").EnumerateObject().ToDictionary(
            file => file.Name,
            file => (file.Value.GetProperty("sha256").GetString()!, file.Value.GetProperty("bytes").GetInt64()));

        var actual = Directory.GetFiles(_folder.Root).Where(path => Path.GetFileName(path) != "offlm-model.json").ToDictionary(
            path => Path.GetFileName(path),
            path => (Digest(path), new FileInfo(path).Length));
        Assert.Equal(actual, described);
    }

    [Fact]
    public void The_manifest_says_what_the_model_is()
    {
        var model = Forge.Write(_folder.Root, ModelRecipe.Tiny with { Name = "small-one", Context = 512 });
        using var manifest = Manifest();
        var root = manifest.RootElement;

        Assert.Equal("small-one", root.GetProperty("name").GetString());
        Assert.Equal("qwen2", root.GetProperty("family").GetString());
        Assert.Equal("int4", root.GetProperty("quantization").GetString());
        Assert.Equal("Apache-2.0", root.GetProperty("license").GetString());
        Assert.Equal(512, root.GetProperty("context").GetInt64());
        Assert.Equal(model.Parameters, root.GetProperty("parameters").GetInt64());
        Assert.Equal(["completion", "chat", "tools"], root.GetProperty("capabilities").EnumerateArray().Select(c => c.GetString()!));
    }

    [Fact]
    public void The_tiny_preset_is_a_megabyte_or_two()
    {
        var model = Forge.Write(_folder.Root, ModelRecipe.Tiny);

        Assert.InRange(model.Bytes, 1_000_000, 2_000_000);
        Assert.Equal(Directory.GetFiles(_folder.Root).Sum(path => new FileInfo(path).Length), model.Bytes);
    }

    [Fact]
    public void A_folder_with_other_files_is_refused_and_left_alone()
    {
        File.WriteAllText(_folder["letter.txt"], "dear");

        var refused = Assert.Throws<IOException>(() => Forge.Write(_folder.Root, ModelRecipe.Tiny));

        Assert.Contains("'letter.txt'", refused.Message);
        Assert.Equal([_folder["letter.txt"]], Directory.GetFileSystemEntries(_folder.Root));
    }

    private static SortedDictionary<string, string> Digests(string directory) =>
        new(Directory.GetFiles(directory).ToDictionary(path => Path.GetFileName(path), Digest));

    private static string Digest(string path) => Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(path)));

    private JsonDocument Manifest() => JsonDocument.Parse(File.ReadAllBytes(_folder["offlm-model.json"]));
}
