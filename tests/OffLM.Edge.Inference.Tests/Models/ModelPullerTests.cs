using System.Net;
using System.Text;
using OffLM.Edge.Inference.Tests.Support;

namespace OffLM.Edge.Inference.Tests.Models;

public sealed class ModelPullerTests : DecoderPullTests
{
    [Fact]
    public async Task A_pulled_model_runs()
    {
        var model = await PullAsync();
        await using var host = new ModelHost(Store, new ModelHostOptions(), TimeProvider.System);
        using var lease = await host.AcquireAsync(ModelServer.Repository, null, default);

        var answer = await Answer.OfAsync(lease.Scheduler, TinyModel.Greedy(lease.Encode("hello"), 5));

        Assert.Equal(5, answer.Tokens);
        Assert.Equal(model.Id, lease.ModelId);
        Assert.Equal(("mit", "qwen2", 4096), (model.Manifest.License, model.Manifest.Family, model.Manifest.Context));
        Assert.Equal(["completion", "chat", "tools"], model.Manifest.Capabilities);
        Assert.DoesNotContain(".gitattributes", model.Manifest.Files.Keys);
        Assert.Empty(Directory.GetDirectories(Store.Folder, ".*"));
    }

    [Fact]
    public async Task Two_boxes_that_pull_the_same_agree_on_its_id()
    {
        var other = new ModelStore(Folder.Path("other"));

        Assert.Equal((await PullAsync()).Id, (await PullAsync(other)).Id);
    }

    [Fact]
    public async Task A_connection_that_breaks_again_and_again_is_continued_where_it_broke()
    {
        Server.CutAfter = 300_000;

        await PullAsync();

        Assert.Equal([0, 300_000, 600_000, 900_000, 1_200_000], From(Weights));
    }

    [Fact]
    public async Task An_interrupted_pull_is_never_listed_and_is_continued_by_the_next()
    {
        Server.CutAfter = 400_000;
        Server.Cuts = 1;
        using var stop = new CancellationTokenSource();
        var progress = new Reporter(p =>
        {
            if (p.File == Weights && p.FileCompleted >= 400_000)
            {
                stop.Cancel();
            }
        });

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Puller().PullAsync(Request, progress, stop.Token));
        Assert.Empty(Store.List());
        var model = await PullAsync();

        Assert.Equal([0, 400_000], From(Weights));
        await Store.VerifyAsync(model, force: true, default);
    }

    [Fact]
    public async Task A_small_file_that_changed_since_the_pull_was_interrupted_is_the_new_one()
    {
        Server.Add("z.bin", [1, 2, 3], large: true);
        Server.Lies["z.bin"] = new string('a', 64);
        await Assert.ThrowsAsync<ModelPullException>(() => PullAsync());
        Server.Lies.Clear();
        Server.Add("README.md", Encoding.UTF8.GetBytes("---\nlicense: bsd\n---\n# A model"));

        Assert.Equal("bsd", (await PullAsync()).Manifest.License);
    }

    [Fact]
    public async Task A_server_without_ranges_starts_the_file_again()
    {
        Server.CutAfter = 400_000;
        Server.Cuts = 2;
        Server.SupportsRanges = false;

        var model = await PullAsync();

        Assert.Equal([0, 0, 0], From(Weights));
        await Store.VerifyAsync(model, force: true, default);
    }

    [Fact]
    public async Task A_file_that_is_not_what_the_list_says_is_refused_with_both_digests()
    {
        Server.Lies[Weights] = new string('a', 64);

        var error = await Assert.ThrowsAsync<ModelPullException>(() => PullAsync());

        Assert.Matches($"{Weights} arrived with SHA-256 [0-9a-f]{{64}}; the list says a{{64}}", error.Message);
        Assert.Empty(Store.List());
    }

    [Fact]
    public async Task The_repositorys_own_manifest_counts_and_must_fit()
    {
        Server.Add(ModelManifest.FileName, File.ReadAllBytes(Source.Path("m", ModelManifest.FileName)));
        Server.Files.Remove("README.md");
        Assert.Equal(new ModelStore(Source.Root).Find("tiny").Id, (await PullAsync()).Id);

        Server.Add("tokenizer.json", [.. Server.Files["tokenizer.json"], (byte)' ']);
        var error = await Assert.ThrowsAsync<ModelPullException>(() => PullAsync());

        Assert.Contains("does not fit its files", error.Message);
        Assert.Equal("tiny", Assert.Single(Store.List()).Name);
    }

    [Theory]
    [InlineData("../evil.sh")]
    [InlineData("a/../../evil.sh")]
    [InlineData("/etc/evil")]
    [InlineData("a\\..\\evil")]
    public async Task A_path_that_leaves_the_models_folder_is_refused(string path)
    {
        Server.Add(path, [1]);

        var error = await Assert.ThrowsAsync<ModelPullException>(() => PullAsync());

        Assert.Contains("not a path inside", error.Message);
        Assert.DoesNotContain(Directory.GetFiles(Folder.Root, "*", SearchOption.AllDirectories), f => f.Contains("evil", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_model_whose_name_makes_no_folder_is_refused()
    {
        var manifest = File.ReadAllText(Source.Path("m", ModelManifest.FileName)).Replace("\"name\": \"tiny\"", "\"name\": \"...\"", StringComparison.Ordinal);
        Server.Add(ModelManifest.FileName, Encoding.UTF8.GetBytes(manifest));
        Server.Files.Remove("README.md");

        Assert.Contains("can't be a model's name", (await Assert.ThrowsAsync<ModelPullException>(() => PullAsync())).Message);
    }

    [Theory]
    [InlineData(long.MaxValue)]
    [InlineData(-1)]
    public async Task A_list_with_sizes_that_no_file_has_is_refused(long size)
    {
        Server.Sizes["README.md"] = Server.Sizes["tokenizer.json"] = size;

        Assert.Contains("has no size that a file can have", (await Assert.ThrowsAsync<ModelPullException>(() => PullAsync())).Message);
    }

    [Fact]
    public async Task Too_little_space_is_told_before_anything_is_fetched()
    {
        var puller = Puller(free: 200 << 20);

        var error = await Assert.ThrowsAsync<ModelPullException>(() => puller.PullAsync(Request, null, default));

        Assert.Contains("200 MiB free", error.Message);
        Assert.Empty(Server.Requests);
    }

    [Fact]
    public async Task An_unknown_repository_is_told_at_once()
    {
        Server.Refusal = HttpStatusCode.NotFound;

        Assert.Contains("no such repository", (await Assert.ThrowsAsync<ModelPullException>(() => PullAsync())).Message);
        Assert.Empty(Directory.GetFileSystemEntries(Store.Folder));
    }

    [Fact]
    public async Task A_server_in_trouble_is_tried_again()
    {
        Server.Refusal = HttpStatusCode.ServiceUnavailable;
        Server.Refusals = 3;

        Assert.NotNull(await PullAsync());
        Assert.Equal(0, Server.Refusals);
    }

    [Fact]
    public async Task A_model_that_is_being_pulled_is_not_pulled_again_meanwhile()
    {
        Task<StoredModel>? second = null;

        await Puller().PullAsync(Request, new Reporter(_ => second ??= PullAsync()), default);

        Assert.Contains("already", (await Assert.ThrowsAsync<ModelPullException>(() => second!)).Message);
        Assert.Single(Store.List());
    }

    [Fact]
    public async Task A_repository_with_models_in_folders_says_which()
    {
        foreach (var (path, content) in Server.Files.ToList())
        {
            Server.Files.Remove(path);
            Server.Add("cpu/int4/" + path, content);
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
        Server.Add("README.md", Encoding.UTF8.GetBytes("---\nlicense: apache-2.0\n---\n"));

        var after = await PullAsync();

        Assert.NotEqual(before.Id, after.Id);
        Assert.Equal(after.Id, Assert.Single(Store.List()).Id);
    }

    [Theory]
    [InlineData("{}", "in its genai_config.json, \"model\" is missing.")]
    [InlineData("[]", "\"model\" is missing.")]
    [InlineData("""{"model":{"type":"qwen2"}}""", "\"context_length\" is missing.")]
    [InlineData("""{"model":{"context_length":1.5}}""", "\"context_length\" is not a whole number.")]
    public async Task A_configuration_that_lacks_something_is_refused_with_what_it_lacks(string settings, string says)
    {
        Server.Files[GenAiSettings.FileName] = Encoding.UTF8.GetBytes(settings);

        Assert.EndsWith(says, (await Assert.ThrowsAsync<ModelPullException>(() => PullAsync())).Message);
    }

    [Fact]
    public async Task What_can_not_be_written_is_told_at_once_and_without_the_place()
    {
        // A file where the store's folder should be.
        File.WriteAllText(Folder.Path("file"), "");
        var store = new ModelStore(Folder.Path("file", "models"));

        var error = await Assert.ThrowsAsync<ModelPullException>(() => PullAsync(store));

        Assert.Contains("can't be kept in the models' folder", error.Message);
        Assert.DoesNotContain(Folder.Root, error.Message);
    }

    private long[] From(string file) => [.. Server.Requests.Where(r => r.Path == file).Select(r => r.From)];

    /// <summary>Unlike <see cref="Progress{T}"/>, in order and at once.</summary>
    private sealed class Reporter(Action<PullProgress> report) : IProgress<PullProgress>
    {
        public void Report(PullProgress value) => report(value);
    }
}
