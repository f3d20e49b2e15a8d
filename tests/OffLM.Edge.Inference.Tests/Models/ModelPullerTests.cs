using System.Net;
using System.Security.Cryptography;
using System.Text;
using OffLM.Edge.Inference.Tests.Support;
using OffLM.ModelForge;

namespace OffLM.Edge.Inference.Tests.Models;

public sealed class ModelPullerTests : IAsyncLifetime
{
    private const string Weights = "model.onnx.data";

    private readonly TemporaryFolder _folder = new();
    private readonly TemporaryFolder _source = new();
    private readonly ModelServer _server = new();
    private readonly HttpClient _http = new();
    private readonly ModelStore _store;

    public ModelPullerTests() => _store = new ModelStore(_folder.Path("models"));

    public Task InitializeAsync()
    {
        Forge.Write(_source.Path("m"), ModelRecipe.Tiny);
        foreach (var file in Directory.GetFiles(_source.Path("m")).Where(f => !f.EndsWith(ModelManifest.FileName, StringComparison.Ordinal)))
        {
            _server.Add(Path.GetFileName(file), File.ReadAllBytes(file), large: file.Contains(".onnx", StringComparison.Ordinal));
        }

        _server.Add(".gitattributes", Encoding.UTF8.GetBytes("* lfs"));
        _server.Add("README.md", Encoding.UTF8.GetBytes("---\nlicense: mit\n---\n# A model"));
        return Task.CompletedTask;
    }

    public async Task DisposeAsync()
    {
        await _server.DisposeAsync();
        _http.Dispose();
        _folder.Dispose();
        _source.Dispose();
    }

    [Fact]
    public async Task A_pulled_model_runs()
    {
        var model = await PullAsync();
        await using var host = new ModelHost(_store, new ModelHostOptions(), TimeProvider.System);
        using var lease = await host.AcquireAsync(ModelServer.Repository, null, default);

        var answer = await Answer.OfAsync(lease.Scheduler, TinyModel.Greedy(lease.Encode("hello"), 5));

        Assert.Equal(5, answer.Tokens);
        Assert.Equal(model.Id, lease.ModelId);
        Assert.Equal(("mit", "qwen2", 4096), (model.Manifest.License, model.Manifest.Family, model.Manifest.Context));
        Assert.Equal(["completion", "chat", "tools"], model.Manifest.Capabilities);
        Assert.DoesNotContain(".gitattributes", model.Manifest.Files.Keys);
        Assert.Empty(Directory.GetDirectories(_store.Folder, ".*"));
    }

    [Fact]
    public async Task Two_boxes_that_pull_the_same_agree_on_its_id()
    {
        var other = new ModelStore(_folder.Path("other"));

        Assert.Equal((await PullAsync()).Id, (await PullAsync(other)).Id);
    }

    [Fact]
    public async Task A_connection_that_breaks_again_and_again_is_continued_where_it_broke()
    {
        _server.CutAfter = 300_000;

        await PullAsync();

        Assert.Equal([0, 300_000, 600_000, 900_000, 1_200_000], From(Weights));
    }

    [Fact]
    public async Task An_interrupted_pull_is_never_listed_and_is_continued_by_the_next()
    {
        _server.CutAfter = 400_000;
        _server.Cuts = 1;
        using var stop = new CancellationTokenSource();
        var progress = new Reporter(p =>
        {
            if (p.File == Weights && p.FileCompleted >= 400_000)
            {
                stop.Cancel();
            }
        });

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Puller().PullAsync(Request, progress, stop.Token));
        Assert.Empty(_store.List());
        var model = await PullAsync();

        Assert.Equal([0, 400_000], From(Weights));
        await _store.VerifyAsync(model, force: true, default);
    }

    [Fact]
    public async Task A_small_file_that_changed_since_the_pull_was_interrupted_is_the_new_one()
    {
        _server.Add("z.bin", [1, 2, 3], large: true);
        _server.Lies["z.bin"] = new string('a', 64);
        await Assert.ThrowsAsync<ModelPullException>(() => PullAsync());
        _server.Lies.Clear();
        _server.Add("README.md", Encoding.UTF8.GetBytes("---\nlicense: bsd\n---\n# A model"));

        Assert.Equal("bsd", (await PullAsync()).Manifest.License);
    }

    [Fact]
    public async Task A_server_without_ranges_starts_the_file_again()
    {
        _server.CutAfter = 400_000;
        _server.Cuts = 2;
        _server.SupportsRanges = false;

        var model = await PullAsync();

        Assert.Equal([0, 0, 0], From(Weights));
        await _store.VerifyAsync(model, force: true, default);
    }

    [Fact]
    public async Task A_file_that_is_not_what_the_list_says_is_refused_with_both_digests()
    {
        _server.Lies[Weights] = new string('a', 64);

        var error = await Assert.ThrowsAsync<ModelPullException>(() => PullAsync());

        Assert.Matches($"{Weights} arrived with SHA-256 [0-9a-f]{{64}}; the list says a{{64}}", error.Message);
        Assert.Empty(_store.List());
    }

    [Fact]
    public async Task The_repositorys_own_manifest_counts_and_must_fit()
    {
        _server.Add(ModelManifest.FileName, File.ReadAllBytes(_source.Path("m", ModelManifest.FileName)));
        _server.Files.Remove("README.md");
        Assert.Equal(new ModelStore(_source.Root).Find("tiny").Id, (await PullAsync()).Id);

        _server.Add("tokenizer.json", [.. _server.Files["tokenizer.json"], (byte)' ']);
        var error = await Assert.ThrowsAsync<ModelPullException>(() => PullAsync());

        Assert.Contains("does not fit its files", error.Message);
        Assert.Equal("tiny", Assert.Single(_store.List()).Name);
    }

    [Theory]
    [InlineData("../evil.sh")]
    [InlineData("a/../../evil.sh")]
    [InlineData("/etc/evil")]
    [InlineData("a\\..\\evil")]
    public async Task A_path_that_leaves_the_models_folder_is_refused(string path)
    {
        _server.Add(path, [1]);

        var error = await Assert.ThrowsAsync<ModelPullException>(() => PullAsync());

        Assert.Contains("not a path inside", error.Message);
        Assert.DoesNotContain(Directory.GetFiles(_folder.Root, "*", SearchOption.AllDirectories), f => f.Contains("evil", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_model_whose_name_makes_no_folder_is_refused()
    {
        var manifest = File.ReadAllText(_source.Path("m", ModelManifest.FileName)).Replace("\"name\": \"tiny\"", "\"name\": \"...\"", StringComparison.Ordinal);
        _server.Add(ModelManifest.FileName, Encoding.UTF8.GetBytes(manifest));
        _server.Files.Remove("README.md");

        Assert.Contains("can't be a model's name", (await Assert.ThrowsAsync<ModelPullException>(() => PullAsync())).Message);
    }

    [Theory]
    [InlineData(long.MaxValue)]
    [InlineData(-1)]
    public async Task A_list_with_sizes_that_no_file_has_is_refused(long size)
    {
        _server.Sizes["README.md"] = _server.Sizes["tokenizer.json"] = size;

        Assert.Contains("has no size that a file can have", (await Assert.ThrowsAsync<ModelPullException>(() => PullAsync())).Message);
    }

    [Fact]
    public async Task Too_little_space_is_told_before_anything_is_fetched()
    {
        var puller = Puller(free: 200 << 20);

        var error = await Assert.ThrowsAsync<ModelPullException>(() => puller.PullAsync(Request, null, default));

        Assert.Contains("200 MiB free", error.Message);
        Assert.Empty(_server.Requests);
    }

    [Fact]
    public async Task An_unknown_repository_is_told_at_once()
    {
        _server.Refusal = HttpStatusCode.NotFound;

        Assert.Contains("no such repository", (await Assert.ThrowsAsync<ModelPullException>(() => PullAsync())).Message);
        Assert.Empty(Directory.GetFileSystemEntries(_store.Folder));
    }

    [Fact]
    public async Task A_server_in_trouble_is_tried_again()
    {
        _server.Refusal = HttpStatusCode.ServiceUnavailable;
        _server.Refusals = 3;

        Assert.NotNull(await PullAsync());
        Assert.Equal(0, _server.Refusals);
    }

    [Fact]
    public async Task A_model_that_is_being_pulled_is_not_pulled_again_meanwhile()
    {
        Task<StoredModel>? second = null;

        await Puller().PullAsync(Request, new Reporter(_ => second ??= PullAsync()), default);

        Assert.Contains("already", (await Assert.ThrowsAsync<ModelPullException>(() => second!)).Message);
        Assert.Single(_store.List());
    }

    [Fact]
    public async Task A_repository_with_models_in_folders_says_which()
    {
        foreach (var (path, content) in _server.Files.ToList())
        {
            _server.Files.Remove(path);
            _server.Add("cpu/int4/" + path, content);
        }

        var error = await Assert.ThrowsAsync<ModelPullException>(() => PullAsync());
        var model = await Puller().PullAsync(Request with { Subfolder = "cpu/int4" }, null, default);

        Assert.Contains("cpu/int4", error.Message);
        Assert.Equal(ModelServer.Repository + "/cpu/int4", model.Name);
        Assert.Contains("model.onnx", model.Manifest.Files.Keys);
    }

    [Fact]
    public async Task Progress_goes_up_to_the_total()
    {
        List<PullProgress> reports = [];

        await Puller().PullAsync(Request, new Reporter(reports.Add), default);

        Assert.Equal(reports.OrderBy(r => r.Completed), reports);
        Assert.Equal(reports[^1].Total, reports[^1].Completed);
        Assert.Contains(reports, r => r.File == Weights && r.Sha256 is not null);
    }

    [Fact]
    public async Task A_new_version_replaces_the_old_one()
    {
        var before = await PullAsync();
        _server.Add("README.md", Encoding.UTF8.GetBytes("---\nlicense: apache-2.0\n---\n"));

        var after = await PullAsync();

        Assert.NotEqual(before.Id, after.Id);
        Assert.Equal(after.Id, Assert.Single(_store.List()).Id);
    }

    [Fact]
    public async Task A_name_that_another_model_has_is_not_taken_by_a_repository_that_claims_it()
    {
        var mine = FakeModel.Write(_folder.Path("models", "tiny"), "Tiny:latest");
        _server.Add(ModelManifest.FileName, File.ReadAllBytes(_source.Path("m", ModelManifest.FileName)));

        var error = await Assert.ThrowsAsync<ModelPullException>(() => PullAsync());

        Assert.Contains($"{ModelServer.Repository} holds a model called \"tiny\"", error.Message);
        Assert.Contains("'offlm-edge model rm Tiny:latest'", error.Message);
        Assert.Equal([ModelManifest.FileName], _server.Requests.ConvertAll(r => r.Path));
        Assert.Equal(mine, _store.Find("tiny").Folder);

        _store.Remove(_store.Find("tiny"));
        _server.Files.Remove("README.md");
        Assert.Equal("tiny", (await PullAsync()).Name);
    }

    [Theory]
    [InlineData("someone/some-model", "elsewhere", "in the folder elsewhere")]
    [InlineData("someone-some-model", "someone-some-model", "\"someone-some-model\" in the folder")]
    public async Task Neither_a_name_nor_a_folder_of_another_model_is_taken(string name, string folder, string says)
    {
        FakeModel.Write(_folder.Path("models", folder), name);

        Assert.Contains(says, (await Assert.ThrowsAsync<ModelPullException>(() => PullAsync())).Message);
        Assert.Empty(_server.Requests);
    }

    [Fact]
    public async Task The_repository_that_a_model_came_from_may_update_it_and_no_other()
    {
        AddManifest("tiny");
        var before = await PullAsync();
        _server.Files["README.md"] = Encoding.UTF8.GetBytes("another text");
        AddManifest("tiny");
        var after = await PullAsync();

        Assert.NotEqual(before.Id, after.Id);
        Assert.Equal(after.Id, Assert.Single(_store.List()).Id);

        // What somebody puts in its place by hand did not come from there.
        Directory.Delete(after.Folder, recursive: true);
        FakeModel.Write(after.Folder, "tiny");
        Assert.Contains("\"tiny\" in the folder tiny. Remove", (await Assert.ThrowsAsync<ModelPullException>(() => PullAsync())).Message);
    }

    [Fact]
    public async Task A_name_made_from_a_repository_is_not_had_by_pulling_another()
    {
        AddManifest("good/model");
        _server.Files.Remove(".gitattributes");
        await PullAsync();

        var error = Assert.Throws<ModelPullException>(() => InstallPlace.Of(_store, Request with { Repository = "good/model" }, "good/model"));

        Assert.Contains($"pulled from {ModelServer.Repository}", error.Message);
        Assert.Contains("needs a letter", Assert.Throws<ModelPullException>(() => InstallPlace.Of(_store, Request, "..")).Message);
    }

    [Fact]
    public async Task A_pull_of_which_something_came_is_kept_and_removed_when_nobody_goes_on_with_it_for_14_days()
    {
        _server.Lies["README.md"] = new string('a', 64);
        _server.Large.Add("README.md");
        await Assert.ThrowsAsync<ModelPullException>(() => PullAsync());
        var partial = Assert.Single(Directory.GetDirectories(_store.Folder));

        Age(partial, TimeSpan.FromDays(13));
        _store.RemoveForgottenPulls();
        Assert.True(Directory.Exists(partial));

        Age(partial, TimeSpan.FromDays(15));
        using (PartialFolder.Open(partial, Request))
        {
            Age(partial, TimeSpan.FromDays(15));
            _store.RemoveForgottenPulls();
            Assert.True(Directory.Exists(partial));
        }

        Age(partial, TimeSpan.FromDays(15));
        await Assert.ThrowsAsync<ModelPullException>(() => Puller().PullAsync(Request with { Subfolder = "none" }, null, default));
        Assert.Empty(Directory.GetFileSystemEntries(_store.Folder));
    }

    [Fact]
    public async Task A_pull_goes_on_with_its_own_folder_however_old_it_is()
    {
        _server.Lies["README.md"] = new string('a', 64);
        _server.Large.Add("README.md");
        await Assert.ThrowsAsync<ModelPullException>(() => PullAsync());
        Age(Assert.Single(Directory.GetDirectories(_store.Folder)), TimeSpan.FromDays(15));
        _server.Lies.Clear();

        await PullAsync();

        Assert.Single(_server.Requests, r => r.Path == Weights);
    }

    private static void Age(string folder, TimeSpan age)
    {
        foreach (var file in Directory.GetFiles(folder, "*", SearchOption.AllDirectories))
        {
            File.SetLastWriteTimeUtc(file, DateTime.UtcNow - age);
        }

        Directory.SetLastWriteTimeUtc(folder, DateTime.UtcNow - age);
    }

    [Theory]
    [InlineData("{}", "in its genai_config.json, \"model\" is missing.")]
    [InlineData("[]", "\"model\" is missing.")]
    [InlineData("""{"model":{"type":"qwen2"}}""", "\"context_length\" is missing.")]
    [InlineData("""{"model":{"context_length":1.5}}""", "\"context_length\" is not a whole number.")]
    public async Task A_configuration_that_lacks_something_is_refused_with_what_it_lacks(string settings, string says)
    {
        _server.Files[GenAiSettings.FileName] = Encoding.UTF8.GetBytes(settings);

        Assert.EndsWith(says, (await Assert.ThrowsAsync<ModelPullException>(() => PullAsync())).Message);
    }

    [Fact]
    public async Task What_can_not_be_written_is_told_at_once_and_without_the_place()
    {
        // A file where the store's folder should be.
        File.WriteAllText(_folder.Path("file"), "");
        var store = new ModelStore(_folder.Path("file", "models"));

        var error = await Assert.ThrowsAsync<ModelPullException>(() => PullAsync(store));

        Assert.Contains("can't be kept in the models' folder", error.Message);
        Assert.DoesNotContain(_folder.Root, error.Message);
    }

    private void AddManifest(string name)
    {
        var files = _server.Files.Where(f => f.Key is not ModelManifest.FileName && !f.Key.StartsWith('.'))
            .ToDictionary(f => f.Key, f => new ModelFile(Convert.ToHexStringLower(SHA256.HashData(f.Value)), f.Value.Length));
        _server.Add(ModelManifest.FileName, ManifestFormat.Write(new ModelManifest { Name = name, Files = files, Capabilities = ["completion"] }));
    }

    private PullRequest Request => new(_server.Address, ModelServer.Repository);

    private ModelPuller Puller(ModelStore? store = null, long free = long.MaxValue) =>
        new(store ?? _store, _http, new PullRetry(TimeProvider.System, TimeSpan.FromMilliseconds(1)), TimeProvider.System, _ => free);

    private Task<StoredModel> PullAsync(ModelStore? store = null) => Puller(store).PullAsync(Request, null, default);

    private long[] From(string file) => [.. _server.Requests.Where(r => r.Path == file).Select(r => r.From)];

    /// <summary>Unlike <see cref="Progress{T}"/>, in order and at once.</summary>
    private sealed class Reporter(Action<PullProgress> report) : IProgress<PullProgress>
    {
        public void Report(PullProgress value) => report(value);
    }
}
