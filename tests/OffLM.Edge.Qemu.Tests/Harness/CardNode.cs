using System.Text.Json;

namespace OffLM.Edge.Qemu.Tests.Harness;

/// <summary>The published node in the guest with a card for its key, in a state directory of its own; asked on loopback, in the guest.</summary>
internal sealed class CardNode(Guest guest)
{
    public const string State = "/tmp/card-state";
    public const string Pin = "134679";
    public const string Address = "http://127.0.0.1:11500";

    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    public async Task StartAsync()
    {
        await guest.ReadAsync(
            $"""
            rm -f /tmp/card-node.*
            (
              sh -c 'echo $$ > /tmp/card-node.pid; OFFLM_KEY_URI=card: OFFLM_KEY_PIN={Pin} exec offlm-edge run --state {State} --listen 127.0.0.1:11500' > /tmp/card-node.log 2>&1
              echo $? > /tmp/card-node.status
            ) &
            """);
        await Until.TrueAsync(Deadline, async () => (await guest.RunAsync($"wget -q -O - {Address}/healthz")).Status == 0, () => "The node is not ready.");
    }

    public async Task AskAsync() => (await guest.RunAsync(
        $$"""
        wget -q -O - --header 'Content-Type: application/json' --post-data '{"model":"starter","max_tokens":4,"messages":[{"role":"user","content":"Hello"}]}' {{Address}}/v1/chat/completions
        """)).Succeeded();

    public Task<StepResult> SealAsync() => guest.RunAsync($"wget -q -O - --post-data '' {Address}/node/v1/seal");

    public async Task<JsonElement> StatusAsync() => (await guest.RunAsync($"wget -q -O - {Address}/node/v1/status")).Succeeded().Json;

    public Task<StepResult> CommandAsync(string command) => guest.RunAsync($"OFFLM_KEY_URI=card: OFFLM_KEY_PIN={Pin} offlm-edge {command} --state {State}");

    public async Task StopAsync()
    {
        await guest.RunAsync("kill $(cat /tmp/card-node.pid)");
        await Until.TrueAsync(Deadline, async () => (await guest.RunAsync("cat /tmp/card-node.status")).Status == 0, () => "The node does not end.");
    }
}
