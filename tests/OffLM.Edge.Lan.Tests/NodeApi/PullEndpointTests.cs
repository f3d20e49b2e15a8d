using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using OffLM.ModelForge;

namespace OffLM.Edge.Lan.Tests.NodeApi;

public sealed class PullEndpointTests
{
    [Fact]
    public async Task A_pulled_model_tells_how_far_it_is_and_is_there()
    {
        await using var source = await ModelSource.StartAsync();
        await using var node = await RunningNode.StartAsync((lan, _) => lan with { ModelSource = source.Address });
        var lines = await PullAsync(node, """{"repository":"owner/other"}""");
        Assert.All(lines[..^1], line => Assert.Equal("pulling", line.GetProperty("status").GetString()));
        Assert.Equal("done", lines[^1].GetProperty("status").GetString());
        Assert.Equal("other", lines[^1].GetProperty("model").GetProperty("name").GetString());
        Assert.Equal(["other", "tiny"], (await RunningNode.GetAsync(node.Client(), "/node/v1/models")).GetProperty("models").EnumerateArray().Select(m => m.GetProperty("name").GetString()));
    }

    [Fact]
    public async Task A_pull_that_cannot_begin_has_an_error_status()
    {
        await using var source = await ModelSource.StartAsync();
        await using var node = await RunningNode.StartAsync();
        await FailAsync(node, $$"""{"repository":"owner/missing","source":"{{source.Address}}"}""", HttpStatusCode.BadGateway, "404");
        await FailAsync(node, """{"repository":"owner/other"}""", HttpStatusCode.BadRequest, "inference.source");
        await FailAsync(node, """{"repository":"owner/other","source":"file:///etc"}""", HttpStatusCode.BadRequest, "http");
        await FailAsync(node, """{"source":"http://localhost"}""", HttpStatusCode.BadRequest, "'repository' is missing");
    }

    private static async Task FailAsync(RunningNode node, string body, HttpStatusCode status, string reason) =>
        Assert.Contains(reason, (await RunningNode.JsonAsync(node.Client(), HttpMethod.Post, "/node/v1/models/pull", body, status)).GetProperty("error").GetString());

    private static async Task<JsonElement[]> PullAsync(RunningNode node, string body)
    {
        using var response = await node.Client().PostAsync("/node/v1/models/pull", new StringContent(body));
        Assert.Equal("application/x-ndjson", response.Content.Headers.ContentType!.MediaType);
        var text = await response.Content.ReadAsStringAsync();
        return [.. text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement)];
    }

    /// <summary>A server in Hugging Face's layout with one forged model, <c>owner/other</c>.</summary>
    private sealed class ModelSource(WebApplication app, string folder) : IAsyncDisposable
    {
        public Uri Address => new(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single());

        public static async Task<ModelSource> StartAsync()
        {
            var folder = Directory.CreateTempSubdirectory("offlm-source-").FullName;
            Forge.Write(folder, ModelRecipe.Tiny with { Name = "other" });
            var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
            builder.WebHost.UseKestrelCore().ConfigureKestrel(k => k.Listen(IPAddress.Loopback, 0));
            var app = builder.Build();
            app.Run(context => AnswerAsync(context, folder));
            await app.StartAsync();
            return new ModelSource(app, folder);
        }

        public async ValueTask DisposeAsync()
        {
            await app.DisposeAsync();
            Directory.Delete(folder, recursive: true);
        }

        private static async Task AnswerAsync(HttpContext context, string folder)
        {
            const string tree = "/api/models/owner/other/tree/main";
            const string files = "/owner/other/resolve/main/";
            var path = context.Request.Path.Value!;
            if (path == tree)
            {
                var entries = new DirectoryInfo(folder).EnumerateFiles().Select(f => $$"""{"type":"file","path":"{{f.Name}}","size":{{f.Length}}}""");
                await context.Response.WriteAsync($"[{string.Join(',', entries)}]");
            }
            else if (path.StartsWith(files, StringComparison.Ordinal))
            {
                await context.Response.SendFileAsync(Path.Combine(folder, path[files.Length..]));
            }
            else
            {
                context.Response.StatusCode = StatusCodes.Status404NotFound;
            }
        }
    }
}
