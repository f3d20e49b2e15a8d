using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using OffLM.Edge.Inference;
using OffLM.Edge.Lan.Tests.Serving;
using OffLM.Edge.Work.Callers;
using OffLM.ModelForge;

namespace OffLM.Edge.Lan.Tests.Ollama;

/// <summary>Models come, are loaded and unloaded, and go.</summary>
public sealed class ModelLifeTests
{
    [Fact]
    public async Task A_request_that_asks_nothing_loads_and_with_keep_alive_0_unloads()
    {
        await using var node = await ServingNode.StartAsync();

        var loaded = await node.Http.AskAsync("/api/generate", new JsonObject { ["model"] = "tiny", ["keep_alive"] = -1 });
        var listed = JsonNode.Parse(await node.Http.GetStringAsync("/api/ps"))!["models"]![0]!;
        var unloaded = await node.Http.AskAsync("/api/chat", new JsonObject { ["model"] = "tiny", ["messages"] = new JsonArray(), ["keep_alive"] = 0 });
        var after = JsonNode.Parse(await node.Http.GetStringAsync("/api/ps"))!;

        Assert.Equal("load", loaded.Text("done_reason"));
        Assert.Equal("", loaded.Text("response"));
        Assert.Equal("tiny:latest", listed.Text("name"));
        Assert.Equal("4096", listed.Text("context_length"));
        Assert.Equal("0", listed.Text("size_vram"));
        Assert.True(DateTimeOffset.Parse(listed.Text("expires_at")) > DateTimeOffset.UtcNow.AddYears(1));
        Assert.Equal("unload", unloaded.Text("done_reason"));
        Assert.Equal("", unloaded.Text("message", "content"));
        Assert.Empty(after["models"]!.AsArray());
    }

    [Fact]
    public async Task A_model_that_the_direct_engine_does_not_know_answers_all_the_same_and_the_node_says_what_computes_it()
    {
        await using var node = await ServingNode.StartAsync(configure: o => o with { Models = o.Models with { Engine = EngineChoice.Direct } });
        AddVision(Path.Combine(node.ModelsFolder, ServingNode.Plain));

        await node.Http.AskAsync("/v1/chat/completions", Asking.Chat("Hi", model: "tiny"));
        await node.Http.AskAsync("/v1/chat/completions", Asking.Chat("Hi", model: ServingNode.Plain));
        var listed = JsonNode.Parse(await node.Http.GetStringAsync("/api/ps"))!["models"]!.AsArray().ToDictionary(m => m!.Text("name"), m => m!["offlm"]!);
        var status = JsonNode.Parse(await node.Http.GetStringAsync("/node/v1/status"))!["loadedModels"]!.AsArray().ToDictionary(m => m!.Text("name"), m => m!);

        const string Reason = "not computed directly: it has a vision part beside the decoder";
        Assert.Equal(("onnxruntime-direct", "CPU", null), (listed["tiny:latest"].Text("engine"), listed["tiny:latest"].Text("provider"), listed["tiny:latest"]["fallback"]));
        Assert.Equal(("onnxruntime-genai", Reason), (listed["plain:latest"].Text("engine"), listed["plain:latest"].Text("fallback")));
        Assert.Equal(("onnxruntime-direct", null), (status["tiny"].Text("engine"), status["tiny"]["fallback"]));
        Assert.Equal(("onnxruntime-genai", Reason), (status["plain"].Text("engine"), status["plain"].Text("fallback")));
    }

    [Theory]
    [InlineData("tiny", "onnxruntime-direct")]
    [InlineData(ServingNode.Encoder, "onnxruntime-encoder")]
    public async Task The_owner_can_ask_for_an_accelerator_and_is_told_why_it_is_not_used(string model, string engine)
    {
        await using var node = await ServingNode.StartAsync(configure: o => o with { Providers = ["CUDA", "CPU"], Models = o.Models with { Engine = EngineChoice.Direct } });

        if (model == ServingNode.Encoder)
        {
            await node.Http.AskAsync("/v1/embeddings", new JsonObject { ["model"] = model, ["input"] = "Hi" });
        }
        else
        {
            await node.Http.AskAsync("/v1/chat/completions", Asking.Chat("Hi", model: model));
        }

        var listed = JsonNode.Parse(await node.Http.GetStringAsync("/api/ps"))!["models"]![0]!["offlm"]!;
        var status = JsonNode.Parse(await node.Http.GetStringAsync("/node/v1/status"))!["loadedModels"]![0]!;

        Assert.Equal((engine, engine), (listed.Text("engine"), status.Text("engine")));
        const string Reason = "libonnxruntime_providers_shared.so: cannot open shared object file";
        Assert.Equal(("CPU", "CPU"), (listed.Text("provider"), status.Text("provider")));
        Assert.Equal(("CUDA", "CUDA"), (listed["failed_providers"]![0]!.Text("provider"), status["failedProviders"]![0]!.Text("provider")));
        Assert.Contains(Reason, listed["failed_providers"]![0]!.Text("reason"));
        Assert.Contains(Reason, status["failedProviders"]![0]!.Text("reason"));
    }

    [Fact]
    public async Task A_model_is_pulled_with_progress_used_and_deleted()
    {
        var repository = Directory.CreateTempSubdirectory("offlm-source-");
        Forge.Write(repository.FullName, ModelRecipe.Tiny with { Name = "pulled", Threads = 1, Seed = 3 });
        await using var source = await ServeAsync(repository.FullName);
        await using var node = await ServingNode.StartAsync(o => o with { ModelSource = new Uri(source.Urls.Single()) });

        var lines = await node.Http.LinesAsync("/api/pull", new JsonObject { ["model"] = "owner/repo" });
        Assert.Equal("pulling manifest", lines[0].Text("status"));
        Assert.Equal("success", lines[^1].Text("status"));
        var progress = lines.Where(l => l["total"] is not null).ToList();
        Assert.NotEmpty(progress);
        Assert.All(progress, p => Assert.StartsWith("pulling ", p.Text("status")));
        Assert.All(progress, p => Assert.True(p["completed"]!.GetValue<long>() <= p["total"]!.GetValue<long>()));
        await node.Http.AskAsync("/v1/chat/completions", Asking.Chat("Hi", model: "pulled"));

        using (var guest = node.WithKey(new ApiKey { Id = "", Name = "guest", Scope = Scope.Use, CreatedAt = default }))
        {
            Assert.Equal(HttpStatusCode.Forbidden, (await DeleteAsync(guest, "pulled")).StatusCode);
            await guest.RefusedAsync("/api/pull", """{"model":"owner/repo"}""", HttpStatusCode.Forbidden);
        }

        Assert.Equal(HttpStatusCode.OK, (await DeleteAsync(node.Http, "pulled")).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await DeleteAsync(node.Http, "pulled")).StatusCode);
        await node.Http.RefusedAsync("/v1/chat/completions", Asking.Chat("Hi", model: "pulled"), HttpStatusCode.NotFound);
        repository.Delete(recursive: true);
    }

    [Fact]
    public async Task A_pull_that_fails_says_why_streamed_and_not()
    {
        var empty = Directory.CreateTempSubdirectory("offlm-source-");
        await using var source = await ServeAsync(empty.FullName);
        await using var node = await ServingNode.StartAsync(o => o with { ModelSource = new Uri(source.Urls.Single()) });

        var lines = await node.Http.LinesAsync("/api/pull", new JsonObject { ["model"] = "owner/missing" });
        var whole = await node.Http.RefusedAsync("/api/pull", """{"model":"owner/missing","stream":false}""", HttpStatusCode.BadGateway);
        await node.Http.RefusedAsync("/api/pull", """{"model":"../../etc"}""", HttpStatusCode.BadRequest);

        Assert.NotEqual("", lines[^1].Text("error"));
        Assert.Equal(lines[^1].Text("error"), whole.Text("error"));
        empty.Delete(recursive: true);
    }

    [Fact]
    public async Task A_damaged_model_can_be_deleted()
    {
        await using var node = await ServingNode.StartAsync();
        await File.WriteAllTextAsync(Path.Combine(node.ModelsFolder, ServingNode.Plain, "tokenizer.json"), "{");

        Assert.Equal(HttpStatusCode.OK, (await DeleteAsync(node.Http, ServingNode.Plain)).StatusCode);

        Assert.False(Directory.Exists(Path.Combine(node.ModelsFolder, ServingNode.Plain)));
    }

    [Theory]
    [InlineData("x")]
    [InlineData("[")]
    [InlineData("[]")]
    public async Task A_model_whose_template_can_not_be_read_is_shown_without(string content)
    {
        await using var node = await ServingNode.StartAsync();
        var file = Path.Combine(node.ModelsFolder, "tiny", "tokenizer_config.json");
        File.WriteAllText(file, content.PadRight((int)new FileInfo(file).Length));

        var shown = await node.Http.AskAsync("/api/show", new JsonObject { ["model"] = "tiny" });

        Assert.Equal("", shown.Text("template"));
        Assert.Equal("Apache-2.0", shown.Text("license"));
    }

    [Fact]
    public async Task An_adapter_is_unloaded_with_its_base()
    {
        var recipe = ModelRecipe.Tiny with { Adaptable = true, Threads = 1 };
        await using var node = await ServingNode.StartAsync(configure: o => o with { Models = o.Models with { Engine = EngineChoice.Direct } }, recipe: recipe);
        Forge.Write(Path.Combine(node.ModelsFolder, "poet"), new AdapterRecipe(recipe, "poet"));
        await node.Http.AskAsync("/api/generate", new JsonObject { ["model"] = "tiny:poet" });
        Assert.Equal("tiny", Assert.Single(node.Node.Models.Loaded).Model.Name);

        var unloaded = await node.Http.AskAsync("/api/generate", new JsonObject { ["model"] = "tiny:poet", ["keep_alive"] = 0 });

        Assert.Equal("unload", unloaded.Text("done_reason"));
        Assert.Empty(node.Node.Models.Loaded);
    }

    private static Task<HttpResponseMessage> DeleteAsync(HttpClient http, string model) => http.SendAsync(
        new HttpRequestMessage(HttpMethod.Delete, "/api/delete") { Content = new StringContent($$"""{"model":"{{model}}"}""", Encoding.UTF8, "application/json") });

    /// <summary>A server with Hugging Face's layout and one repository, <c>owner/repo</c>.</summary>
    private static async Task<WebApplication> ServeAsync(string folder)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        app.MapGet("/api/models/owner/repo/tree/main", (HttpContext context) => context.Response.WriteAsync(new JsonArray([.. Directory.GetFiles(folder).Select(f =>
            (JsonNode)new JsonObject { ["type"] = "file", ["path"] = Path.GetFileName(f), ["size"] = new FileInfo(f).Length })]).ToJsonString()));
        app.MapGet("/owner/repo/resolve/main/{file}", async (HttpContext context, string file) =>
        {
            var path = Path.Combine(folder, Path.GetFileName(file));
            if (File.Exists(path))
            {
                await context.Response.SendFileAsync(path);
            }
            else
            {
                context.Response.StatusCode = StatusCodes.Status404NotFound;
            }
        });
        await app.StartAsync();
        return app;
    }

    /// <summary>Makes a language model's configuration that of one that also sees; GenAI goes by its type and doesn't mind.</summary>
    private static void AddVision(string folder)
    {
        var (config, manifest) = (Path.Combine(folder, "genai_config.json"), Path.Combine(folder, "offlm-model.json"));
        var before = File.ReadAllBytes(config);
        var after = Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(before).Replace("\"decoder\"", "\"vision\": {\"filename\": \"\"}, \"decoder\"", StringComparison.Ordinal));
        File.WriteAllBytes(config, after);
        var text = File.ReadAllText(manifest).Replace(Digest(before), Digest(after), StringComparison.Ordinal);
        File.WriteAllText(manifest, text.Replace($"\"bytes\": {before.Length}", $"\"bytes\": {after.Length}", StringComparison.Ordinal));

        static string Digest(byte[] content) => Convert.ToHexStringLower(SHA256.HashData(content));
    }
}
