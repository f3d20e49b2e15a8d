using OffLM.Edge.Inference.Interop.LibC;
using OffLM.Edge.Inference.Tests.Support;
using OffLM.Edge.Tests.Shared;

namespace OffLM.Edge.Inference.Tests.Models;

/// <summary>A store that many requests ask does not read what it has read, and yet is never behind what lies in its folder.</summary>
public sealed class ModelListingTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly TemporaryFolder _elsewhere = new();
    private readonly ManualTime _clock = new();
    private readonly ModelStore _store;

    public ModelListingTests()
    {
        _store = new ModelStore(_folder.Root, _clock);

        // So late that nothing was changed just before.
        _clock.Advance(DateTimeOffset.UtcNow.AddDays(1) - _clock.GetUtcNow());
    }

    public void Dispose()
    {
        _folder.Dispose();
        _elsewhere.Dispose();
    }

    [Fact]
    public void Of_thousands_of_adapters_each_is_found_and_those_that_come_and_go_are_noticed()
    {
        const int Count = 3000;
        for (var i = 0; i < Count; i++)
        {
            FakeModel.Write(_folder.Path($"a{i}"), $"base:a{i}");
        }

        Assert.Equal(Count, _store.List().Count);
        Assert.Equal(_folder.Path("a2999"), _store.Find("base:a2999").Folder);
        Assert.EndsWith("and 2980 more.", Assert.Throws<ModelNotFoundException>(() => _store.Find("base:new")).Message);

        Pass();
        FakeModel.Write(_folder.Path("new"), "base:new");
        Assert.Equal(_folder.Path("new"), _store.Find("base:new").Folder);

        Pass();
        Directory.Delete(_folder.Path("a7"), recursive: true);
        Assert.Throws<ModelNotFoundException>(() => _store.Find("base:a7"));

        Pass();
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
        Assert.Equal(first, _store.Find("m").Id);

        var second = Write("m", "WEIGHTS").Id;

        Assert.NotEqual(first, second);
        Assert.Equal(second, _store.Find("m").Id);
        Assert.Throws<ModelNotFoundException>(() => _store.Find(first));
    }

    [Fact]
    public async Task Files_that_bring_their_times_along_are_not_taken_for_those_that_were_there()
    {
        Write("m");
        var model = _store.Find("m");
        await _store.VerifyAsync(model, force: false, default);
        var weights = _folder.Path("m", "onnx", "model.onnx");
        var (packed, manifest) = (DateTime.UnixEpoch, _folder.Path("m", ModelManifest.FileName));
        Array.ForEach([weights, manifest], f => File.SetLastWriteTimeUtc(f, packed));
        Assert.Equal(model.Id, _store.Find("m").Id);
        await _store.VerifyAsync(model, force: false, default);

        Write("m", "WEIGHTS");
        Array.ForEach([weights, manifest], f => File.SetLastWriteTimeUtc(f, packed));

        Assert.NotEqual(model.Id, _store.Find("m").Id);
        await Assert.ThrowsAsync<ModelDamagedException>(() => _store.VerifyAsync(model, force: false, default));
        await _store.VerifyAsync(_store.Find("m"), force: false, default);
    }

    [Fact]
    public async Task Changes_that_have_the_same_time_are_both_noticed()
    {
        var store = new ModelStore(_folder.Root);
        for (var i = 10; i < 60; i++)
        {
            FakeModel.Write(_folder.Path("m"), "m", $"weights {i}");
            var model = store.Find("m");

            Assert.Equal(ModelStore.Open(_folder.Path("m")).Id, model.Id);
            await store.VerifyAsync(model, force: false, default);
        }
    }

    [Fact]
    public void A_model_that_is_renamed_by_hand_is_found_by_its_new_name_only()
    {
        Write("old");
        Assert.NotNull(_store.Find("old"));

        Pass();
        FakeModel.Write(_folder.Path("old"), "new");

        Assert.Equal(_folder.Path("old"), _store.Find("new").Folder);
        Assert.Throws<ModelNotFoundException>(() => _store.Find("old"));
    }

    [Fact]
    public void A_second_model_that_takes_a_name_by_hand_is_noticed_within_seconds()
    {
        Write("m");
        Write("other");
        Assert.NotNull(_store.Find("m"));
        Pass();
        FakeModel.Write(_folder.Path("other"), "m", "other weights");

        _clock.Advance(ModelListing.LooksAgainAfter);

        Assert.StartsWith("2 models are called \"m\"", Assert.Throws<ModelNotFoundException>(() => _store.Find("m")).Message);
    }

    [Fact]
    public void A_folder_that_gets_its_manifest_last_is_a_model_from_then_on()
    {
        Write("m");
        File.Move(_folder.Path("m", ModelManifest.FileName), _elsewhere.Path("manifest"));
        Assert.Throws<ModelNotFoundException>(() => _store.Find("m"));

        File.Move(_elsewhere.Path("manifest"), _folder.Path("m", ModelManifest.FileName));

        Assert.NotNull(_store.Find("m"));
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
        var json = File.ReadAllText(manifest);
        File.WriteAllText(manifest, new string(' ', json.Length));
        Assert.Throws<ModelDamagedException>(() => _store.Find("m"));

        File.WriteAllText(manifest, json);

        Assert.NotNull(_store.Find("m"));
    }

    [Fact]
    public void A_store_that_is_a_link_notices_what_comes_into_the_folder_that_it_leads_to()
    {
        Directory.CreateSymbolicLink(_elsewhere.Path("link"), _folder.Root);
        var store = new ModelStore(_elsewhere.Path("link"), _clock);
        Write("m");
        Assert.NotNull(store.Find("m"));

        Pass();
        FakeModel.Write(_folder.Path("again"), "m", "other weights");

        Assert.StartsWith("2 models are called \"m\"", Assert.Throws<ModelNotFoundException>(() => store.Find("m")).Message);
    }

    [Fact]
    public void A_manifest_that_is_a_link_is_what_it_leads_to()
    {
        Write("m");
        var (manifest, target) = (_folder.Path("m", ModelManifest.FileName), _elsewhere.Path("manifest"));
        File.Move(manifest, target);
        File.CreateSymbolicLink(manifest, target);
        Assert.NotNull(_store.Find("m"));

        Pass();
        File.WriteAllText(target, File.ReadAllText(target).Replace("\"m\"", "\"n\"", StringComparison.Ordinal));

        Assert.NotNull(_store.Find("n"));
        Assert.Throws<ModelNotFoundException>(() => _store.Find("m"));
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
        Pass();
        FakeModel.Write(_folder.Path(name), name, content);
        return ModelStore.Open(_folder.Path(name));
    }

    /// <summary>Waits until what is written next has another time than what was written: the file system's clock ticks every few milliseconds.</summary>
    private void Pass()
    {
        var probe = _elsewhere.Path("probe");
        File.WriteAllText(probe, "tick");
        var before = FileStamp.Of(probe);
        while (FileStamp.Of(probe) == before)
        {
            File.WriteAllText(probe, "tock");
        }
    }
}
