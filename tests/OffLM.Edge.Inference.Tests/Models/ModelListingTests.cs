using OffLM.Edge.Inference.Tests.Support;
using OffLM.Edge.Tests.Shared;

namespace OffLM.Edge.Inference.Tests.Models;

/// <summary>A store that many requests ask does not read what it has read, and yet is never behind what lies in its folder.</summary>
public sealed class ModelListingTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly ManualTime _clock = new();
    private readonly ModelStore _store;
    private int _settled;

    public ModelListingTests() => _store = new ModelStore(_folder.Root, _clock);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Of_thousands_of_adapters_each_is_found_and_those_that_come_and_go_are_noticed()
    {
        const int Count = 3000;
        for (var i = 0; i < Count; i++)
        {
            FakeModel.Write(_folder.Path($"a{i}"), $"base:a{i}");
        }

        Settle();
        Assert.Equal(Count, _store.List().Count);
        Assert.Equal(_folder.Path("a2999"), _store.Find("base:a2999").Folder);
        Assert.EndsWith("and 2980 more.", Assert.Throws<ModelNotFoundException>(() => _store.Find("base:new")).Message);

        FakeModel.Write(_folder.Path("new"), "base:new");
        Assert.Equal(_folder.Path("new"), _store.Find("base:new").Folder);

        Directory.Delete(_folder.Path("a7"), recursive: true);
        Assert.Throws<ModelNotFoundException>(() => _store.Find("base:a7"));

        Directory.Move(_folder.Path("a8"), _folder.Path("moved"));
        Assert.Equal(_folder.Path("moved"), _store.Find("base:a8").Folder);
        Assert.Equal(Count, _store.List().Count);
    }

    [Fact]
    public void What_is_asked_for_again_is_not_read_again()
    {
        Write("m");
        Write("n");

        Assert.Same(_store.Find("m"), _store.Find("m"));
        Assert.Same(_store.Find("m"), _store.Find(_store.Find("m").Id));
        Assert.Same(_store.Find("n"), _store.List()[1]);
    }

    [Fact]
    public void A_manifest_that_is_written_over_where_it_lies_is_read_again()
    {
        var first = Write("m").Id;

        var second = Write("m", "more weights").Id;

        Assert.NotEqual(first, second);
        Assert.Equal(second, _store.Find("m").Id);
        Assert.Throws<ModelNotFoundException>(() => _store.Find(first));
    }

    [Fact]
    public void Two_changes_within_the_resolution_of_the_file_systems_clock_are_both_noticed()
    {
        FakeModel.Write(_folder.Path("m"), "m", "weights");
        SetTime(_folder.Path("m", ModelManifest.FileName), _clock.GetUtcNow().UtcDateTime);
        var first = _store.Find("m").Id;
        FakeModel.Write(_folder.Path("m"), "m", "WEIGHTS");
        SetTime(_folder.Path("m", ModelManifest.FileName), _clock.GetUtcNow().UtcDateTime);

        Assert.NotEqual(first, _store.Find("m").Id);
    }

    [Fact]
    public void A_model_that_is_renamed_by_hand_is_found_by_its_new_name_only()
    {
        Write("old");
        Assert.NotNull(_store.Find("old"));

        FakeModel.Write(_folder.Path("old"), "new");
        Settle();

        Assert.Equal(_folder.Path("old"), _store.Find("new").Folder);
        Assert.Throws<ModelNotFoundException>(() => _store.Find("old"));
    }

    [Fact]
    public void A_second_model_that_takes_a_name_by_hand_is_noticed_within_seconds()
    {
        Write("m");
        Write("other");
        Assert.NotNull(_store.Find("m"));
        FakeModel.Write(_folder.Path("other"), "m", "other weights");
        Settle();

        _clock.Advance(ModelListing.LooksAgainAfter);

        Assert.StartsWith("2 models are called \"m\"", Assert.Throws<ModelNotFoundException>(() => _store.Find("m")).Message);
    }

    [Fact]
    public void A_model_whose_files_change_is_damaged_at_once_and_whole_again_when_they_are_back()
    {
        Write("m");
        Assert.NotNull(_store.Find("m"));
        var weights = _folder.Path("m", "onnx", "model.onnx");

        File.WriteAllText(weights, "cut");
        Assert.Contains("has 3 bytes; 7 bytes were expected", Assert.Throws<ModelDamagedException>(() => _store.Find("m")).Message);
        File.Delete(weights);
        Assert.Contains("is missing", Assert.Throws<ModelDamagedException>(() => _store.Find("m")).Message);
        File.WriteAllText(weights, "weights");

        Assert.NotNull(_store.Find("m"));
    }

    [Fact]
    public void A_manifest_that_could_not_be_read_is_read_again()
    {
        Write("m");
        var manifest = _folder.Path("m", ModelManifest.FileName);
        var (json, time) = (File.ReadAllText(manifest), File.GetLastWriteTimeUtc(manifest));
        File.WriteAllText(manifest, new string(' ', json.Length));
        SetTime(manifest, time.AddMinutes(1));
        Assert.Throws<ModelDamagedException>(() => _store.Find("m"));

        File.WriteAllText(manifest, json);
        SetTime(manifest, time.AddMinutes(1));

        Assert.NotNull(_store.Find("m"));
    }

    [Fact]
    public void A_store_that_is_a_link_notices_what_comes_into_the_folder_that_it_leads_to()
    {
        var real = Directory.CreateDirectory(_folder.Path("real")).FullName;
        Directory.CreateSymbolicLink(_folder.Path("link"), real);
        var store = new ModelStore(_folder.Path("link"), _clock);
        FakeModel.Write(Path.Combine(real, "m"), "m");
        Settle(real);
        Assert.NotNull(store.Find("m"));

        FakeModel.Write(Path.Combine(real, "again"), "m", "other weights");

        Assert.StartsWith("2 models are called \"m\"", Assert.Throws<ModelNotFoundException>(() => store.Find("m")).Message);
    }

    [Fact]
    public void A_manifest_that_is_a_link_is_read_each_time()
    {
        Write("m");
        var (manifest, target) = (_folder.Path("m", ModelManifest.FileName), _folder.Path("elsewhere.json"));
        File.Move(manifest, target);
        File.CreateSymbolicLink(manifest, target);
        Settle();
        Assert.NotNull(_store.Find("m"));

        File.WriteAllText(target, File.ReadAllText(target).Replace("\"m\"", "\"renamed\"", StringComparison.Ordinal));

        Assert.NotNull(_store.Find("renamed"));
    }

    [Fact]
    public async Task Requests_at_the_same_time_find_their_models_while_others_come_and_go()
    {
        for (var i = 0; i < 20; i++)
        {
            Write($"m{i}");
        }

        using var done = new CancellationTokenSource();
        var coming = Task.Run(() =>
        {
            for (var i = 0; !done.IsCancellationRequested; i++)
            {
                FakeModel.Write(_folder.Path(".partial-x"), $"x{i}");
                Directory.Move(_folder.Path(".partial-x"), _folder.Path("x"));
                Directory.Delete(_folder.Path("x"), recursive: true);
            }
        });
        await Task.WhenAll(Enumerable.Range(0, 4).Select(start => Task.Run(() =>
        {
            for (var i = 0; i < 200; i++)
            {
                var name = $"m{(start + i) % 20}";
                Assert.Equal(_folder.Path(name), _store.Find(name).Folder);
            }
        })));
        await done.CancelAsync();
        await coming;
    }

    private StoredModel Write(string name, string content = "weights")
    {
        FakeModel.Write(_folder.Path(name), name, content);
        Settle();
        return ModelStore.Open(_folder.Path(name));
    }

    /// <summary>Makes all that is there look as if it had been there for a while; later than what was there before.</summary>
    private void Settle(string? root = null)
    {
        root ??= _folder.Root;
        var time = _clock.GetUtcNow().UtcDateTime - TimeSpan.FromMinutes(1) + TimeSpan.FromMilliseconds(++_settled);
        foreach (var manifest in Directory.EnumerateFiles(root, ModelManifest.FileName, SearchOption.AllDirectories))
        {
            SetTime(manifest, time);
        }

        Directory.SetLastWriteTimeUtc(root, time);
    }

    private static void SetTime(string file, DateTime time) => File.SetLastWriteTimeUtc(file, time);
}
