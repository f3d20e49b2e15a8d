using System.Security.Cryptography;
using System.Text;
using OffLM.Edge.Inference.Tests.Support;

namespace OffLM.Edge.Inference.Tests.Models;

/// <summary>Which names and folders a pulled model may have, and what becomes of half-pulled ones.</summary>
public sealed class PullPlaceTests : DecoderPullTests
{
    [Fact]
    public async Task A_name_that_another_model_has_is_not_taken_by_a_repository_that_claims_it()
    {
        var mine = FakeModel.Write(Folder.Path("models", "tiny"), "Tiny:latest");
        Server.Add(ModelManifest.FileName, File.ReadAllBytes(Source.Path("m", ModelManifest.FileName)));

        var error = await Assert.ThrowsAsync<ModelPullException>(() => PullAsync());

        Assert.Contains($"{ModelServer.Repository} holds a model called \"tiny\"", error.Message);
        Assert.Contains("'offlm-edge model rm Tiny:latest'", error.Message);
        Assert.Equal([ModelManifest.FileName], Server.Requests.ConvertAll(r => r.Path));
        Assert.Equal(mine, Store.Find("tiny").Folder);

        Store.Remove(Store.Find("tiny"));
        Server.Files.Remove("README.md");
        Assert.Equal("tiny", (await PullAsync()).Name);
    }

    [Theory]
    [InlineData("someone/some-model", "elsewhere", "in the folder elsewhere")]
    [InlineData("someone-some-model", "someone-some-model", "\"someone-some-model\" in the folder")]
    public async Task Neither_a_name_nor_a_folder_of_another_model_is_taken(string name, string folder, string says)
    {
        FakeModel.Write(Folder.Path("models", folder), name);

        Assert.Contains(says, (await Assert.ThrowsAsync<ModelPullException>(() => PullAsync())).Message);
        Assert.Empty(Server.Requests);
    }

    [Fact]
    public async Task The_repository_that_a_model_came_from_may_update_it_and_no_other()
    {
        AddManifest("tiny");
        var before = await PullAsync();
        Server.Files["README.md"] = Encoding.UTF8.GetBytes("another text");
        AddManifest("tiny");
        var after = await PullAsync();

        Assert.NotEqual(before.Id, after.Id);
        Assert.Equal(after.Id, Assert.Single(Store.List()).Id);

        // What somebody puts in its place by hand did not come from there.
        Directory.Delete(after.Folder, recursive: true);
        FakeModel.Write(after.Folder, "tiny");
        Assert.Contains("\"tiny\" in the folder tiny. Remove", (await Assert.ThrowsAsync<ModelPullException>(() => PullAsync())).Message);
    }

    [Fact]
    public async Task A_name_made_from_a_repository_is_not_had_by_pulling_another()
    {
        AddManifest("good/model");
        Server.Files.Remove(".gitattributes");
        await PullAsync();

        var error = Assert.Throws<ModelPullException>(() => InstallPlace.Of(Store, Request with { Repository = "good/model" }, "good/model"));

        Assert.Contains($"pulled from {ModelServer.Repository}", error.Message);
        Assert.Contains("needs a letter", Assert.Throws<ModelPullException>(() => InstallPlace.Of(Store, Request, "..")).Message);
    }

    [Fact]
    public async Task A_pull_of_which_something_came_is_kept_and_removed_when_nobody_goes_on_with_it_for_14_days()
    {
        Server.Lies["README.md"] = new string('a', 64);
        Server.Large.Add("README.md");
        await Assert.ThrowsAsync<ModelPullException>(() => PullAsync());
        var partial = Assert.Single(Directory.GetDirectories(Store.Folder));

        Age(partial, TimeSpan.FromDays(13));
        Store.RemoveForgottenPulls();
        Assert.True(Directory.Exists(partial));

        Age(partial, TimeSpan.FromDays(15));
        using (PartialFolder.Open(partial, Request))
        {
            Age(partial, TimeSpan.FromDays(15));
            Store.RemoveForgottenPulls();
            Assert.True(Directory.Exists(partial));
        }

        Age(partial, TimeSpan.FromDays(15));
        await Assert.ThrowsAsync<ModelPullException>(() => Puller().PullAsync(Request with { Subfolder = "none" }, null, default));
        Assert.Empty(Directory.GetFileSystemEntries(Store.Folder));
    }

    [Fact]
    public async Task A_pull_goes_on_with_its_own_folder_however_old_it_is()
    {
        Server.Lies["README.md"] = new string('a', 64);
        Server.Large.Add("README.md");
        await Assert.ThrowsAsync<ModelPullException>(() => PullAsync());
        Age(Assert.Single(Directory.GetDirectories(Store.Folder)), TimeSpan.FromDays(15));
        Server.Lies.Clear();

        await PullAsync();

        Assert.Single(Server.Requests, r => r.Path == Weights);
    }

    private static void Age(string folder, TimeSpan age)
    {
        foreach (var file in Directory.GetFiles(folder, "*", SearchOption.AllDirectories))
        {
            File.SetLastWriteTimeUtc(file, DateTime.UtcNow - age);
        }

        Directory.SetLastWriteTimeUtc(folder, DateTime.UtcNow - age);
    }

    private void AddManifest(string name)
    {
        var files = Server.Files.Where(f => f.Key is not ModelManifest.FileName && !f.Key.StartsWith('.'))
            .ToDictionary(f => f.Key, f => new ModelFile(Convert.ToHexStringLower(SHA256.HashData(f.Value)), f.Value.Length));
        Server.Add(ModelManifest.FileName, ManifestFormat.Write(new ModelManifest { Name = name, Files = files, Capabilities = ["completion"] }));
    }
}
