using System.Globalization;
using System.Text.Json;

namespace OffLM.Edge.Qemu.Tests;

/// <summary>The published program and a smart card on USB: libusb and the kernel between them are real, the card is simulated.</summary>
[Collection(GuestCollection.Name)]
public sealed class CardTests(Guest guest) : IAsyncLifetime
{
    private const int SigningMilliseconds = 1500;

    private static readonly TimeSpan Reconnect = TimeSpan.FromSeconds(2);

    private readonly UsbToken _token = new(guest);
    private readonly CardNode _node = new(guest);

    public Task InitializeAsync() => _token.AttachAsync(SigningMilliseconds);

    public async Task DisposeAsync()
    {
        await guest.RunAsync($"kill -9 $(cat /tmp/card-node.pid); rm -rf {CardNode.State}*");
        await _token.DetachAsync();
    }

    [Fact]
    public async Task A_fresh_card_is_enrolled_signs_survives_unplugging_in_a_signature_and_finds_a_restored_ledger_out()
    {
        var enrolled = (await guest.RunAsync($"OFFLM_KEY_PIN={CardNode.Pin} OFFLM_KEY_NEW_ADMIN_PIN=24681357 offlm-edge key enroll --yes --json")).Succeeded().Json;
        Assert.Equal("card:FFFE:00C0FFEE", enrolled.GetProperty("uri").GetString());
        var address = enrolled.GetProperty("address").GetString();
        Assert.Equal(address, (await _node.CommandAsync("key show --json")).Succeeded().Json.GetProperty("address").GetString());
        (await _node.CommandAsync("key test")).Succeeded();

        await _node.StartAsync();
        await _node.AskAsync();
        Assert.Equal(1, (await _node.SealAsync()).Succeeded().Json.GetProperty("batches").GetInt32());

        // Another process finds it reserved, and hears by whom.
        Assert.Contains("held by another program, it seems offlm-edge", (await guest.RunAsync("OFFLM_KEY_URI=card: offlm-edge key show --state /tmp/other")).Errors, StringComparison.Ordinal);

        await UnplugInASignatureAsync();
        Assert.Equal(address, (await _node.StatusAsync()).GetProperty("key").GetProperty("address").GetString());
        (await _node.CommandAsync("ledger check")).Succeeded();

        await RestoreAnOlderLedgerAsync();
        Assert.True((await _node.StatusAsync()).GetProperty("ledger").GetProperty("rolledBack").GetBoolean());
        await _node.AskAsync();
        Assert.NotEqual(0, (await _node.SealAsync()).Status);
        (await _node.CommandAsync("ledger accept-rollback --yes --reason 'a test of the copy'")).Succeeded();
        (await _node.SealAsync()).Succeeded();
        await _node.StopAsync();
        (await _node.CommandAsync("receipts export --out /tmp/card-state.json")).Succeeded();
        (await guest.RunAsync("offlm-edge receipts verify /tmp/card-state.json")).Succeeded();
    }

    private async Task UnplugInASignatureAsync()
    {
        await _node.AskAsync();
        await guest.ReadAsync($"(wget -q -O - --post-data '' {CardNode.Address}/node/v1/seal > /tmp/card-state.seal 2>&1; echo $? > /tmp/card-state.sealed) &");
        await guest.ReadAsync("usleep 700000");
        await _token.UnplugAsync();
        await Until.TrueAsync(TimeSpan.FromSeconds(30), async () => !await IsAvailableAsync(), () => "The card is not missed.");
        await _node.AskAsync();
        Assert.InRange(await SecondsUntilItIsBackAsync(), 0, Reconnect.TotalSeconds);
        (await _node.SealAsync()).Succeeded();
        var ledger = (await _node.StatusAsync()).GetProperty("ledger");
        Assert.Equal((3, 2, 0), (ledger.GetProperty("receipts").GetInt32(), ledger.GetProperty("batches").GetInt32(), ledger.GetProperty("open").GetInt32()));
    }

    /// <summary>Plugs the token in; by the guest's own clock, as the two may not run alike.</summary>
    private async Task<double> SecondsUntilItIsBackAsync()
    {
        await _token.PlugInAsync();
        var times = await guest.ReadAsync(
            $"""
            begun=$(cut -d' ' -f1 /proc/uptime)
            for i in $(seq 300); do
              wget -q -O - {CardNode.Address}/node/v1/status | grep -q '"available": *true' && break
              usleep 50000
            done
            echo "$begun $(cut -d' ' -f1 /proc/uptime)"
            """);
        var seconds = times.Split(' ').Select(t => double.Parse(t, CultureInfo.InvariantCulture)).ToArray();
        return seconds[1] - seconds[0];
    }

    private async Task RestoreAnOlderLedgerAsync()
    {
        await _node.StopAsync();
        await guest.ReadAsync($"cp {CardNode.State}/ledger.db /tmp/card-state.copy");
        await _node.StartAsync();
        await _node.AskAsync();
        await _node.StopAsync();
        await guest.ReadAsync($"cp /tmp/card-state.copy {CardNode.State}/ledger.db");
        await _node.StartAsync();
        await Until.TrueAsync(
            TimeSpan.FromSeconds(30), async () => (await _node.StatusAsync()).GetProperty("ledger").GetProperty("rolledBack").GetBoolean(), () => "The rollback is not found.");
    }

    private async Task<bool> IsAvailableAsync() => (await _node.StatusAsync()).GetProperty("key") is { ValueKind: JsonValueKind.Object } key && key.GetProperty("available").GetBoolean();
}
