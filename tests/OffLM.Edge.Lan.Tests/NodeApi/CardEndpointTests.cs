using System.Net;
using OffLM.CardSimulator.Fronts;
using OffLM.Edge.Signing;
using OffLM.Edge.Signing.Cards;

namespace OffLM.Edge.Lan.Tests.NodeApi;

/// <summary>A node whose key is a card, as its owner sees it over HTTP.</summary>
public sealed class CardEndpointTests
{
    private readonly SimulatedCard _card = new();

    [Fact]
    public async Task The_key_is_tested_and_status_tells_of_the_card()
    {
        await using var node = await StartAsync();
        var owner = node.Client();
        var tested = await RunningNode.JsonAsync(owner, HttpMethod.Post, "/node/v1/key/test");
        Assert.Equal((true, _card.Address.ToString(), 1), (tested.GetProperty("ok").GetBoolean(), tested.GetProperty("address").GetString(), tested.GetProperty("counter").GetInt32()));
        var status = await RunningNode.GetAsync(owner, "/node/v1/status");
        Assert.Equal("card", status.GetProperty("key").GetProperty("class").GetString());
        Assert.False(status.GetProperty("ledger").GetProperty("rolledBack").GetBoolean());
    }

    [Fact]
    public async Task Signatures_that_nothing_explains_are_in_status_and_metrics_until_they_are_accepted_with_a_reason()
    {
        await using var node = await StartAsync();
        var owner = node.Client();
        await RunningNode.ReceiptOfAsync(owner);
        await RunningNode.JsonAsync(owner, HttpMethod.Post, "/node/v1/seal");
        _card.State.Counter += 3;
        await RunningNode.ReceiptOfAsync(owner);
        var refused = await RunningNode.JsonAsync(owner, HttpMethod.Post, "/node/v1/seal", expected: HttpStatusCode.Conflict);
        Assert.Contains("accept-rollback", refused.GetProperty("error").GetString());
        Assert.True((await RunningNode.GetAsync(owner, "/node/v1/status")).GetProperty("ledger").GetProperty("rolledBack").GetBoolean());
        Assert.Contains("ledger_rolled_back 1", await owner.GetStringAsync("/metrics"));

        var unreasoned = await RunningNode.JsonAsync(owner, HttpMethod.Post, "/node/v1/accept-rollback", expected: HttpStatusCode.BadRequest);
        Assert.Contains("'reason'", unreasoned.GetProperty("error").GetString());
        var accepted = await RunningNode.JsonAsync(owner, HttpMethod.Post, "/node/v1/accept-rollback?reason=I%20used%20gpg");
        Assert.Equal("I used gpg", accepted.GetProperty("gap").GetProperty("reason").GetString());
        Assert.Equal((1, 4), (accepted.GetProperty("gap").GetProperty("expected").GetInt32(), accepted.GetProperty("gap").GetProperty("found").GetInt32()));
        Assert.Equal(1, (await RunningNode.JsonAsync(owner, HttpMethod.Post, "/node/v1/seal")).GetProperty("batches").GetInt32());
        Assert.Contains("ledger_rolled_back 0", await owner.GetStringAsync("/metrics"));
    }

    private Task<RunningNode> StartAsync() => RunningNode.StartAsync(
        options: o => o with { Key = KeyUri.Parse("card:"), Cards = _card.Connect, CardPin = () => SecretText.Of(SimulatedCard.UserPin) });
}
