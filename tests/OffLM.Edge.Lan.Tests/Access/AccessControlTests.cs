using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using OffLM.Edge.Lan.Access;
using OffLM.Edge.Lan.Tests.NodeApi;
using OffLM.Edge.Tests.Shared;
using OffLM.Edge.Work.Callers;

namespace OffLM.Edge.Lan.Tests.Access;

/// <summary>Who gets in. "Another address" is a loopback address on a node that doesn't trust loopback.</summary>
public sealed class AccessControlTests(AccessControlTests.Nodes nodes) : IClassFixture<AccessControlTests.Nodes>
{
    private const string Path = "/node/v1/status";

    [Fact]
    public async Task A_program_on_this_machine_needs_no_key_and_may_do_everything() =>
        Assert.True((await RunningNode.GetAsync(nodes.Home.Client(), Path)).TryGetProperty("ledger", out _));

    [Fact]
    public async Task Another_address_needs_a_key()
    {
        using var response = await nodes.Away.Client().GetAsync(Path);
        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        Assert.Equal("Bearer realm=\"offlm\"", response.Headers.WwwAuthenticate.ToString());
        Assert.Contains("apikey add", (await RunningNode.GetAsync(nodes.Away.Client(), Path, HttpStatusCode.Unauthorized)).GetProperty("error").GetString());
    }

    [Fact]
    public async Task OpenAIs_clients_get_errors_in_their_shape()
    {
        var error = (await RunningNode.GetAsync(nodes.Away.Client(), "/v1/models", HttpStatusCode.Unauthorized)).GetProperty("error");
        Assert.Equal("invalid_api_key", error.GetProperty("code").GetString());
        Assert.Contains("API key", error.GetProperty("message").GetString());
    }

    [Fact]
    public async Task A_key_works_as_bearer_and_as_the_password_of_basic()
    {
        var (_, secret) = nodes.Away.AddKey("both ways");
        await RunningNode.GetAsync(nodes.Away.Client(secret), Path);
        var basic = nodes.Away.Client();
        basic.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"anybody:{secret}")));
        await RunningNode.GetAsync(basic, Path);
    }

    [Theory]
    [InlineData("Bearer offlm_wrong")]
    [InlineData("Bearer ")]
    [InlineData("Basic !!!")]
    [InlineData("Basic bm9jb2xvbg==")]
    [InlineData("Digest whatever")]
    public async Task A_wrong_key_is_refused_even_on_this_machine(string header)
    {
        var client = nodes.Home.Client(from: "127.0.0.77");
        client.DefaultRequestHeaders.TryAddWithoutValidation("Authorization", header);
        using var response = await client.GetAsync(Path);
        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        Assert.Contains("invalid_token", response.Headers.WwwAuthenticate.ToString());
    }

    [Fact]
    public async Task A_revoked_key_is_refused_from_the_next_request_and_told_so()
    {
        var (_, secret) = nodes.Away.AddKey("to be revoked");
        var client = nodes.Away.Client(secret);
        await RunningNode.GetAsync(client, Path);
        nodes.Away.Node.Keys.Revoke("to be revoked");
        Assert.Contains("revoked", (await RunningNode.GetAsync(client, Path, HttpStatusCode.Unauthorized)).GetProperty("error").GetString());
    }

    [Fact]
    public async Task A_guest_of_an_open_network_may_use_but_not_administer()
    {
        var guest = nodes.Away.Client(from: "127.0.0.3");
        Assert.False((await RunningNode.GetAsync(guest, Path)).TryGetProperty("ledger", out _));
        await RunningNode.GetAsync(guest, "/node/v1/keys", HttpStatusCode.Forbidden);
        await RunningNode.GetAsync(guest, "/node/v1/receipts", HttpStatusCode.Forbidden);
    }

    [Theory]
    [InlineData("GET", "/metrics")]
    [InlineData("GET", "/node/v1/keys")]
    [InlineData("POST", "/node/v1/keys")]
    [InlineData("GET", "/node/v1/batches")]
    [InlineData("GET", "/node/v1/export")]
    [InlineData("POST", "/node/v1/seal")]
    [InlineData("POST", "/node/v1/key/test")]
    [InlineData("POST", "/node/v1/accept-rollback")]
    [InlineData("POST", "/node/v1/models/pull")]
    [InlineData("DELETE", "/node/v1/models/tiny")]
    [InlineData("DELETE", "/node/v1/receipts/1/salts")]
    [InlineData("GET", "/node/v1/check")]
    public async Task A_key_of_use_scope_may_not_administer(string method, string path)
    {
        var (_, secret) = nodes.Away.AddKey($"use only {method} {path}");
        using var response = await nodes.Away.Client(secret).SendAsync(new HttpRequestMessage(new HttpMethod(method), path));
        Assert.Equal(HttpStatusCode.Forbidden, response.StatusCode);
    }

    [Fact]
    public async Task An_admin_key_may_administer_from_anywhere()
    {
        var (_, secret) = nodes.Away.AddKey("admin", k => k with { Scope = Scope.Admin });
        await RunningNode.GetAsync(nodes.Away.Client(secret), "/node/v1/keys");
    }

    [Fact]
    public async Task Health_is_open_to_everybody()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/healthz") { Headers = { Host = "evil.example" } };
        using var response = await nodes.Away.Client().SendAsync(request);
        Assert.Equal("""{"status":"ok"}""", await response.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task An_address_written_as_IPv6_is_the_IPv4_address_that_it_is()
    {
        var app = new ApplicationBuilder(new ServiceCollection().BuildServiceProvider());
        AccessControl.Use(app, nodes.Home.Node, new LanOptions { TrustLoopback = false, Open = [IPNetwork.Parse("192.0.2.0/24")] }, TimeProvider.System);
        Caller? found = null;
        app.Run(context =>
        {
            found = context.Caller();
            return Task.CompletedTask;
        });
        var context = new DefaultHttpContext();
        context.Connection.RemoteIpAddress = IPAddress.Parse("::ffff:192.0.2.7");
        context.Request.Host = new HostString("192.0.2.1");
        await app.Build()(context);
        Assert.Equal(Caller.Guest, found);
    }

    [Theory]
    [InlineData("ollama")]
    [InlineData("sk-no-key-required")]
    public async Task A_placeholder_that_a_client_insists_on_is_passed_over_where_no_key_is_needed(string placeholder)
    {
        await RunningNode.GetAsync(nodes.Home.Client(placeholder), Path);
        await RunningNode.GetAsync(nodes.Away.Client(placeholder), Path, HttpStatusCode.Unauthorized);
    }

    [Fact]
    public async Task Keys_cannot_be_guessed_at_speed()
    {
        var time = new ManualTime();
        await using var node = await RunningNode.StartAsync((lan, _) => lan with { TrustLoopback = false }, time: time);
        var (_, secret) = node.AddKey("right");
        var guesser = node.Client("offlm_guess");
        for (var i = 0; i < FailedAttempts.Burst; i++)
        {
            await RunningNode.GetAsync(guesser, Path, HttpStatusCode.Unauthorized);
        }

        using var response = await node.Client(secret).GetAsync(Path);
        Assert.Equal(HttpStatusCode.TooManyRequests, response.StatusCode);
        Assert.Equal(FailedAttempts.Refill, response.Headers.RetryAfter!.Delta);
        await RunningNode.GetAsync(node.Client(secret, from: "127.0.0.9"), Path);

        time.Advance(FailedAttempts.Refill);
        await RunningNode.GetAsync(node.Client(secret), Path);
    }

    public sealed class Nodes : IAsyncLifetime
    {
        public RunningNode Home { get; private set; } = null!;

        public RunningNode Away { get; private set; } = null!;

        public async Task InitializeAsync()
        {
            Home = await RunningNode.StartAsync();
            Away = await RunningNode.StartAsync((lan, _) => lan with { TrustLoopback = false, Open = [IPNetwork.Parse("127.0.0.3/32")] });
        }

        public async Task DisposeAsync()
        {
            await Home.DisposeAsync();
            await Away.DisposeAsync();
        }
    }
}
