using OffLM.Edge.Inference.Tests.Support;
using OffLM.ModelForge;

namespace OffLM.Edge.Inference.Tests.Models;

public sealed class ModelStoreTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly ModelStore _store;

    public ModelStoreTests() => _store = new ModelStore(_folder.Root);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_store_whose_folder_is_missing_is_empty() => Assert.Empty(new ModelStore(_folder.Path("none")).List());

    [Fact]
    public async Task A_forged_model_is_listed_with_what_its_manifest_says()
    {
        Forge.Write(_folder.Path("tiny"), ModelRecipe.Tiny);

        var model = Assert.Single(_store.List());
        await _store.VerifyAsync(model, force: true, default);

        Assert.Equal(("tiny", 4096, "qwen2", "Apache-2.0"), (model.Name, model.Manifest.Context, model.Manifest.Family, model.Manifest.License));
        Assert.Contains("chat", model.Manifest.Capabilities);
        Assert.Matches("^[0-9.]+[KM]$", model.Manifest.Parameters);
        Assert.Matches("^[0-9a-f]{64}$", model.Id);
        Assert.True(model.Bytes > 1_000_000);
    }

    [Fact]
    public void The_id_is_the_same_wherever_the_files_lie_and_however_the_manifest_is_laid_out()
    {
        FakeModel.Write(_folder.Path("a"), "m");
        var model = _store.Find("m");
        var manifest = _folder.Path("a", ModelManifest.FileName);
        File.WriteAllText(manifest, File.ReadAllText(manifest).Replace("\n", "\r\n\t", StringComparison.Ordinal));
        Directory.Move(_folder.Path("a"), _folder.Path("elsewhere"));

        Assert.Equal(model.Id, _store.Find("m").Id);
        FakeModel.Write(_folder.Path("elsewhere"), "m", "other weights");
        Assert.NotEqual(model.Id, _store.Find("m").Id);
    }

    [Fact]
    public void A_manifest_whose_files_are_larger_than_can_be_is_one_models_problem()
    {
        FakeModel.Write(_folder.Path("good"), "good");
        FakeModel.Write(_folder.Path("bad"), "bad");
        var manifest = _folder.Path("bad", ModelManifest.FileName);
        File.WriteAllText(manifest, System.Text.RegularExpressions.Regex.Replace(File.ReadAllText(manifest), "\"bytes\": [0-9]+", $"\"bytes\": {long.MaxValue}"));

        Assert.Equal("good", _store.Find("good").Name);
        Assert.Contains("larger than files can be", Assert.Single(_store.Problems()));
        Assert.Throws<ModelDamagedException>(() => _store.Find("bad"));
    }

    [Theory]
    [InlineData("qwen:int4")]
    [InlineData("QWEN:int4")]
    [InlineData("other")]
    [InlineData("other:latest")]
    public void A_name_and_the_name_with_latest_are_the_same(string name)
    {
        FakeModel.Write(_folder.Path("1"), "qwen:int4");
        FakeModel.Write(_folder.Path("2"), "other:latest");

        Assert.NotNull(_store.Find(name));
    }

    [Fact]
    public void An_unknown_name_is_refused_with_the_names_there_are()
    {
        Assert.Contains("pull one first", Assert.Throws<ModelNotFoundException>(() => _store.Find("x")).Message);
        FakeModel.Write(_folder.Path("1"), "qwen");

        Assert.Contains("there are qwen", Assert.Throws<ModelNotFoundException>(() => _store.Find("x")).Message);
    }

    [Fact]
    public void A_name_that_two_models_have_is_refused_with_their_ids_which_work()
    {
        FakeModel.Write(_folder.Path("1"), "qwen", "one");
        FakeModel.Write(_folder.Path("2"), "qwen:latest", "two");

        var error = Assert.Throws<ModelNotFoundException>(() => _store.Find("qwen"));

        Assert.All(_store.List(), m => Assert.Contains(m.Id, error.Message));
        Assert.All(_store.List(), m => Assert.Equal(m.Folder, _store.Find(m.Id).Folder));
    }

    [Fact]
    public void A_truncated_file_keeps_the_model_out_of_the_list_and_is_named_with_both_sizes()
    {
        FakeModel.Write(_folder.Path("m"), "m");
        File.WriteAllText(_folder.Path("m", "onnx", "model.onnx"), "weig");

        Assert.Empty(_store.List());
        var problem = Assert.Single(_store.Problems());
        Assert.Contains("its file onnx/model.onnx has 4 bytes; 7 bytes were expected", problem);
        Assert.Contains(_folder.Root, problem);
        var error = Assert.Throws<ModelDamagedException>(() => _store.Find("m"));
        Assert.StartsWith("The model m is damaged: its file onnx/model.onnx has 4 bytes", error.Message);
        Assert.DoesNotContain(_folder.Root, error.Message);
        Assert.DoesNotContain("damaged", Assert.Throws<ModelNotFoundException>(() => _store.Find("other")).Message);
    }

    [Theory]
    [InlineData("qwen:int4")]
    [InlineData("qwen-int4:latest")]
    public void A_model_whose_manifest_can_not_be_read_is_damaged_and_not_unknown(string name)
    {
        FakeModel.Write(_folder.Path("qwen-int4"), "qwen:int4");
        File.WriteAllText(_folder.Path("qwen-int4", ModelManifest.FileName), "{");

        Assert.Contains("offlm-model.json is not a model manifest", Assert.Throws<ModelDamagedException>(() => _store.Find(name)).Message);
        Assert.Throws<ModelNotFoundException>(() => _store.Find("-"));
    }

    [Fact]
    public void Of_two_models_of_a_name_the_whole_one_is_found()
    {
        FakeModel.Write(_folder.Path("1"), "m");
        FakeModel.Write(_folder.Path("2"), "m", "other weights");
        File.Delete(_folder.Path("1", "onnx", "model.onnx"));

        Assert.Equal(_folder.Path("2"), _store.Find("m").Folder);
    }

    [Fact]
    public async Task An_altered_file_is_named_with_both_digests()
    {
        FakeModel.Write(_folder.Path("m"), "m");
        var model = _store.Find("m");
        await _store.VerifyAsync(model, force: false, default);
        File.WriteAllText(_folder.Path("m", "onnx", "model.onnx"), "wEights");
        File.SetLastWriteTimeUtc(_folder.Path("m", "onnx", "model.onnx"), DateTime.UtcNow.AddSeconds(5));

        var error = await Assert.ThrowsAsync<ModelDamagedException>(() => _store.VerifyAsync(model, force: false, default));

        Assert.Contains("model.onnx", error.Message);
        Assert.Contains(model.Manifest.Files["onnx/model.onnx"].Sha256, error.Message);
        Assert.Matches("the SHA-256 is [0-9a-f]{64}, expected was [0-9a-f]{64}", error.Message);
        Assert.DoesNotContain(_folder.Root, error.Message);
    }

    [Fact]
    public async Task A_file_that_the_manifest_does_not_know_is_refused()
    {
        FakeModel.Write(_folder.Path("m"), "m");
        File.WriteAllText(_folder.Path("m", "onnx", "model.onnx.data"), "smuggled");

        var error = await Assert.ThrowsAsync<ModelDamagedException>(() => _store.VerifyAsync(_store.Find("m"), force: false, default));

        Assert.Contains("onnx/model.onnx.data, which is not in its manifest", error.Message);
    }

    [Theory]
    [InlineData("{", "not a model manifest")]
    [InlineData("{}", "(\"files\" is missing)")]
    [InlineData("""{"name":"m","files":{"x":{"bytes":1}}}""", "(\"sha256\" is missing)")]
    [InlineData("""{"name":"m","files":{}}""", "\"files\" is empty")]
    [InlineData("""{"name":"m","files":{"../x":{"sha256":"00","bytes":1}}}""", "not a path inside")]
    [InlineData("""{"name":"m","files":{"x":{"sha256":"00","bytes":1}}}""", "64 lower-case")]
    public void A_bad_manifest_is_a_problem_that_says_what_is_wrong(string manifest, string says)
    {
        Directory.CreateDirectory(_folder.Path("m"));
        File.WriteAllText(_folder.Path("m", ModelManifest.FileName), manifest);

        Assert.Contains(says, Assert.Single(_store.Problems()));
    }

    [Fact]
    public void A_manifest_with_a_name_twice_has_no_id()
    {
        FakeModel.Write(_folder.Path("m"), "m");
        var manifest = _folder.Path("m", ModelManifest.FileName);
        File.WriteAllText(manifest, File.ReadAllText(manifest).Replace("\"license\"", "\"name\": \"m\", \"license\"", StringComparison.Ordinal));

        Assert.Contains("not a model manifest", Assert.Single(_store.Problems()));
    }

    [Fact]
    public void Half_pulled_models_are_never_listed()
    {
        FakeModel.Write(_folder.Path(".partial-m"), "m");

        Assert.Empty(_store.List());
        Assert.Empty(_store.Problems());
    }

    [Fact]
    public void A_removed_model_is_gone()
    {
        FakeModel.Write(_folder.Path("m"), "m");

        _store.Remove(_store.Find("m"));

        Assert.Empty(_store.List());
        Assert.False(Directory.Exists(_folder.Path("m")));
    }

    [Fact]
    public void Of_a_model_that_is_linked_into_the_store_only_the_link_is_removed()
    {
        using var elsewhere = new TemporaryFolder();
        FakeModel.Write(elsewhere.Path("m"), "m");
        Directory.CreateSymbolicLink(_folder.Path("linked"), elsewhere.Path("m"));

        _store.Remove(_store.Find("m"));

        Assert.Empty(Directory.GetFileSystemEntries(_folder.Root));
        Assert.Equal("m", Assert.Single(new ModelStore(elsewhere.Root).List()).Name);
    }

    [Fact]
    public async Task Copies_of_a_model_are_one_model_and_are_removed_one_by_one()
    {
        FakeModel.Write(_folder.Path("b"), "m");
        FakeModel.Write(_folder.Path("a"), "m");
        FakeModel.Write(_folder.Path("c"), "m", "other weights");
        File.Delete(_folder.Path("c", "onnx", "model.onnx"));

        var model = Assert.Single(_store.List());
        Assert.Equal(_folder.Path("a"), model.Folder);
        Assert.Equal((model.Folder, model.Folder), (_store.Find("m").Folder, _store.Find(model.Id).Folder));
        Assert.Equal(["a", "b"], _store.CopiesOf(model));
        await _store.VerifyAsync(_store.Find("m"), force: true, default);

        _store.Remove(model);
        Assert.Equal(_folder.Path("b"), Assert.Single(_store.List()).Folder);
        _store.Remove(_store.Find("m"));
        Assert.Empty(_store.List());
    }

    [Theory]
    [InlineData(ModelManifest.FileName, "qwen:int4")]
    [InlineData(ModelManifest.FileName, "qwen-int4")]
    [InlineData("onnx/model.onnx", "qwen:int4")]
    public void A_damaged_model_can_be_removed(string file, string name)
    {
        FakeModel.Write(_folder.Path("qwen-int4"), "qwen:int4");
        File.WriteAllText(_folder.Path("qwen-int4", file), "{");
        Assert.Throws<ModelDamagedException>(() => _store.Find(name));

        _store.Remove(_store.FindToRemove(name));

        Assert.Empty(Directory.GetFileSystemEntries(_folder.Root));
        Assert.Throws<ModelNotFoundException>(() => _store.FindToRemove(name));
    }

    [Fact]
    public void Of_two_models_of_a_name_the_whole_one_is_removed_by_name_and_the_damaged_one_by_id()
    {
        FakeModel.Write(_folder.Path("1"), "m");
        var id = _store.Find("m").Id;
        FakeModel.Write(_folder.Path("2"), "m", "other weights");
        File.Delete(_folder.Path("1", "onnx", "model.onnx"));

        Assert.Equal((_folder.Path("2"), _folder.Path("1")), (_store.FindToRemove("m").Folder, _store.FindToRemove(id).Folder));
        File.Delete(_folder.Path("2", "onnx", "model.onnx"));
        Assert.Contains(id, Assert.Throws<ModelNotFoundException>(() => _store.FindToRemove("m")).Message);
    }
}
