using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using OffLM.Edge.Lan.Metrics;
using OffLM.Edge.Lan.NodeApi;

namespace OffLM.Edge.Lan.Tests.NodeApi;

public sealed class OpenApiTests(ServedNode node) : IClassFixture<ServedNode>
{
    private static readonly JsonElement Document = Load();

    [Fact]
    public void Every_endpoint_is_described_and_every_description_has_its_endpoint()
    {
        var described = from path in Document.GetProperty("paths").EnumerateObject()
                        from method in path.Value.EnumerateObject()
                        select $"{method.Name.ToUpperInvariant()} {path.Name}";
        Assert.Equal(Mapped().Order(StringComparer.Ordinal), described.Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("GET", "/healthz")]
    [InlineData("GET", "/node/v1/status")]
    [InlineData("GET", "/node/v1/key")]
    [InlineData("GET", "/node/v1/power")]
    [InlineData("POST", "/node/v1/key/test")]
    [InlineData("GET", "/node/v1/receipts")]
    [InlineData("GET", "/node/v1/receipts/{receipt}", "/node/v1/receipts/2")]
    [InlineData("GET", "/node/v1/receipts/{receipt}", "/node/v1/receipts/4")]
    [InlineData("DELETE", "/node/v1/receipts/{receipt}/salts", "/node/v1/receipts/3/salts")]
    [InlineData("GET", "/node/v1/batches")]
    [InlineData("GET", "/node/v1/batches/{batch}", "/node/v1/batches/1")]
    [InlineData("GET", "/node/v1/export")]
    [InlineData("POST", "/node/v1/seal")]
    [InlineData("GET", "/node/v1/check")]
    [InlineData("POST", "/node/v1/check")]
    [InlineData("GET", "/node/v1/keys")]
    [InlineData("GET", "/node/v1/models")]
    [InlineData("POST", "/node/v1/models/{model}/verify", "/node/v1/models/tiny/verify")]
    public async Task Answers_are_as_described(string method, string path, string? address = null)
    {
        var answer = await RunningNode.JsonAsync(node.Owner, new HttpMethod(method), address ?? path);
        Conforms(answer, path, method, "200");
    }

    [Fact]
    public async Task A_key_that_was_made_and_revoked_is_as_described()
    {
        var body = JsonDocument.Parse("""{"name":"described","scope":"admin","models":["tiny"],"requestsPerMinute":1,"tokensPerMinute":1,"creditLimit":"1"}""").RootElement;
        Assert.Null(SchemaWalker.Problem(Document, Document.GetProperty("components").GetProperty("schemas").GetProperty("ApiKeyTemplate"), body));
        Conforms(await RunningNode.JsonAsync(node.Owner, HttpMethod.Post, "/node/v1/keys", body.GetRawText(), System.Net.HttpStatusCode.Created), "/node/v1/keys", "POST", "201");
        Conforms(await RunningNode.JsonAsync(node.Owner, HttpMethod.Delete, "/node/v1/keys/described"), "/node/v1/keys/{key}", "DELETE", "200");
    }

    [Fact]
    public async Task Errors_are_as_described() => Conforms(
        await RunningNode.GetAsync(node.Owner, "/node/v1/receipts/99", System.Net.HttpStatusCode.NotFound), "/node/v1/receipts/{receipt}", "GET", "default");

    [Fact]
    public async Task The_description_is_served() =>
        Assert.Equal(Document.GetRawText(), (await RunningNode.GetAsync(node.Anna, "/node/v1/openapi.json")).GetRawText());

    private static void Conforms(JsonElement answer, string path, string method, string status)
    {
        var schema = Document.GetProperty("paths").GetProperty(path).GetProperty(method.ToLowerInvariant())
            .GetProperty("responses").GetProperty(status).GetProperty("content").GetProperty("application/json").GetProperty("schema");
        Assert.Null(SchemaWalker.Problem(Document, schema, answer));
    }

    private IEnumerable<string> Mapped()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore();
        builder.Services.AddRoutingCore();
        using var metrics = new NodeMetrics(node.Running.Node);
        IEndpointRouteBuilder routes = builder.Build();
        NodeEndpoints.Map(routes, node.Running.Node, new LanOptions(), metrics, NullLoggerFactory.Instance);
        return [.. from endpoint in routes.DataSources.SelectMany(s => s.Endpoints).Cast<RouteEndpoint>()
                   from method in endpoint.Metadata.GetMetadata<HttpMethodMetadata>()!.HttpMethods
                   select $"{method} {endpoint.RoutePattern.RawText}"];
    }

    private static JsonElement Load()
    {
        using var stream = OpenApiEndpoint.Open();
        using var document = JsonDocument.Parse(stream);
        return document.RootElement.Clone();
    }
}
