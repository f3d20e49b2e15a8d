using System.Net;
using OffLM.Edge.Lan.Tests.NodeApi;

namespace OffLM.Edge.Lan.Tests.Access;

/// <summary>What a household's browser may be made to do by other people's pages: nothing.</summary>
public sealed class BrowserRulesTests(BrowserRulesTests.Home home) : IClassFixture<BrowserRulesTests.Home>
{
    private const string Path = "/node/v1/status";

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("192.0.2.5:11434")]
    [InlineData("[::1]:11434")]
    [InlineData("localhost:11434")]
    [InlineData("LOCALHOST")]
    [InlineData("box.example")]
    public async Task Open_access_answers_to_its_addresses_and_names(string host) => Assert.Equal(HttpStatusCode.OK, await SendAsync(host));

    [Fact]
    public async Task Open_access_answers_to_the_machines_own_name()
    {
        Assert.Equal(HttpStatusCode.OK, await SendAsync(Environment.MachineName));
        Assert.Equal(HttpStatusCode.OK, await SendAsync($"{Environment.MachineName}.local:11434"));
    }

    [Theory]
    [InlineData("evil.example")]
    [InlineData("127.0.0.1.evil.example")]
    [InlineData("localhost.evil.example")]
    [InlineData("1.2.3.example")]
    public async Task A_foreign_name_that_points_here_is_refused(string host) => Assert.Equal(HttpStatusCode.Forbidden, await SendAsync(host));

    [Fact]
    public async Task With_a_key_any_name_will_do()
    {
        var (_, secret) = home.Node.AddKey("any name");
        Assert.Equal(HttpStatusCode.OK, await SendAsync("proxy.example", ("Authorization", $"Bearer {secret}")));
    }

    [Theory]
    [InlineData("http://evil.example")]
    [InlineData("http://localhost:9999")]
    [InlineData("null")]
    public async Task A_page_of_another_origin_is_refused(string origin) =>
        Assert.Equal(HttpStatusCode.Forbidden, await SendAsync("localhost:11434", ("Origin", origin)));

    [Fact]
    public async Task The_nodes_own_page_is_answered_also_behind_a_proxy_with_TLS()
    {
        Assert.Equal(HttpStatusCode.OK, await SendAsync("localhost:11434", ("Origin", "http://localhost:11434")));
        Assert.Equal(HttpStatusCode.OK, await SendAsync("box.example", ("Origin", "https://box.example")));
    }

    [Fact]
    public async Task A_listed_origin_is_answered_and_may_read()
    {
        using var request = Request("localhost:11434", ("Origin", "https://app.example"));
        using var response = await home.Node.Client().SendAsync(request);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("https://app.example", Assert.Single(response.Headers.GetValues("Access-Control-Allow-Origin")));
        Assert.Contains("Origin", response.Headers.Vary);
    }

    [Fact]
    public async Task A_preflight_is_granted_to_listed_origins_only()
    {
        using var request = Request("localhost:11434", ("Origin", "https://app.example"), ("Access-Control-Request-Method", "POST"), ("Access-Control-Request-Headers", "authorization"));
        request.Method = HttpMethod.Options;
        using var granted = await home.Node.Client().SendAsync(request);
        Assert.Equal(HttpStatusCode.NoContent, granted.StatusCode);
        Assert.Equal("authorization", Assert.Single(granted.Headers.GetValues("Access-Control-Allow-Headers")));

        using var other = Request("localhost:11434", ("Origin", "https://evil.example"), ("Access-Control-Request-Method", "POST"));
        other.Method = HttpMethod.Options;
        using var refused = await home.Node.Client().SendAsync(other);
        Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
        Assert.False(refused.Headers.Contains("Access-Control-Allow-Origin"));
    }

    [Fact]
    public async Task What_another_sites_page_includes_is_refused_but_a_link_may_be_followed()
    {
        Assert.Equal(HttpStatusCode.Forbidden, await SendAsync("localhost", ("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Mode", "no-cors"), ("Sec-Fetch-Dest", "image")));
        Assert.Equal(HttpStatusCode.Forbidden, await SendAsync("localhost", ("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Mode", "navigate"), ("Sec-Fetch-Dest", "iframe")));
        Assert.Equal(HttpStatusCode.OK, await SendAsync("localhost", ("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Mode", "navigate"), ("Sec-Fetch-Dest", "document")));
        Assert.Equal(HttpStatusCode.OK, await SendAsync("localhost", ("Sec-Fetch-Site", "same-origin"), ("Sec-Fetch-Mode", "cors"), ("Sec-Fetch-Dest", "empty")));
    }

    [Fact]
    public async Task Credentials_that_a_browser_adds_by_itself_do_not_open_the_door_to_other_pages()
    {
        var (_, secret) = home.Node.AddKey("remembered by a browser");
        var basic = "Basic " + Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes($"x:{secret}"));
        Assert.Equal(HttpStatusCode.Forbidden, await SendAsync("localhost", ("Authorization", basic), ("Origin", "https://evil.example")));
        Assert.Equal(HttpStatusCode.OK, await SendAsync("localhost", ("Authorization", basic)));
    }

    private static HttpRequestMessage Request(string host, params (string Name, string Value)[] headers)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, Path) { Headers = { Host = host } };
        foreach (var (name, value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        return request;
    }

    private async Task<HttpStatusCode> SendAsync(string host, params (string Name, string Value)[] headers)
    {
        using var request = Request(host, headers);
        using var response = await home.Node.Client().SendAsync(request);
        return response.StatusCode;
    }

    public sealed class Home : IAsyncLifetime
    {
        public RunningNode Node { get; private set; } = null!;

        public async Task InitializeAsync() =>
            Node = await RunningNode.StartAsync((lan, _) => lan with { Hosts = ["box.example"], Origins = ["https://app.example"] });

        public async Task DisposeAsync() => await Node.DisposeAsync();
    }
}
