using System.Text;
using OffLM.Edge.Inference.Tests.Support;
using OffLM.ModelForge;

namespace OffLM.Edge.Inference.Tests.Models;

/// <summary>A server with one repository, and a store to pull it into.</summary>
public abstract class PullTests : IAsyncLifetime
{
    protected PullTests() => Store = new ModelStore(Folder.Path("models"));

    private protected TemporaryFolder Folder { get; } = new();

    /// <summary>What the repository is made from.</summary>
    private protected TemporaryFolder Source { get; } = new();

    private protected ModelServer Server { get; } = new();

    protected ModelStore Store { get; }

    protected PullRequest Request => new(Server.Address, ModelServer.Repository);

    protected HttpClient Http { get; } = new();

    public Task InitializeAsync()
    {
        Serve();
        return Task.CompletedTask;
    }

    public async Task DisposeAsync()
    {
        await Server.DisposeAsync();
        Http.Dispose();
        Folder.Dispose();
        Source.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>Fills the repository.</summary>
    protected abstract void Serve();

    private protected ModelPuller Puller(ModelStore? store = null, long free = long.MaxValue) =>
        new(store ?? Store, Http, new PullRetry(TimeProvider.System, TimeSpan.FromMilliseconds(1)), TimeProvider.System, _ => free);

    protected Task<StoredModel> PullAsync(ModelStore? store = null) => Puller(store).PullAsync(Request, null, default);
}

/// <summary>The repository is a decoder's.</summary>
public abstract class DecoderPullTests : PullTests
{
    protected const string Weights = "model.onnx.data";

    protected override void Serve()
    {
        Forge.Write(Source.Path("m"), ModelRecipe.Tiny);
        foreach (var file in Directory.GetFiles(Source.Path("m")).Where(f => !f.EndsWith(ModelManifest.FileName, StringComparison.Ordinal)))
        {
            Server.Add(Path.GetFileName(file), File.ReadAllBytes(file), large: file.Contains(".onnx", StringComparison.Ordinal));
        }

        Server.Add(".gitattributes", Encoding.UTF8.GetBytes("* lfs"));
        Server.Add("README.md", Encoding.UTF8.GetBytes("---\nlicense: mit\n---\n# A model"));
    }
}
