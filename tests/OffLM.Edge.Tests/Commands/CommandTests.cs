using System.Text.RegularExpressions;
using OffLM.Edge.Tests.Harness;
using OffLM.Shared;

namespace OffLM.Edge.Tests.Commands;

/// <summary>The commands as a user types them: what they say, and their exit status.</summary>
public sealed partial class CommandTests : IDisposable
{
    private readonly Scratch _scratch = new();

    private string State => _scratch["state"];

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public async Task A_second_node_on_the_same_state_is_refused()
    {
        await using var node = await PublishedNode.StartAsync(new NodeSetup { State = State });

        var second = await Command.EdgeAsync(State, "run", "--listen", $"127.0.0.1:{FreePort.Next()}");

        Assert.Equal(1, second.ExitCode);
        Assert.Contains($"A node runs on {State} already", second.Error);
        await node.Http.AskAsync();
    }

    [Fact]
    public async Task A_port_in_use_is_said_so()
    {
        await using var node = await PublishedNode.StartAsync();

        var second = await Command.EdgeAsync(State, "run", "--listen", $"127.0.0.1:{node.Port}");

        Assert.Equal(1, second.ExitCode);
        Assert.Contains($"127.0.0.1:{node.Port}", second.Error);
        Assert.Contains("in use", second.Error);
        Assert.DoesNotContain("   at ", second.Error);
    }

    [Fact]
    public async Task Each_wrong_key_of_a_configuration_file_is_named_with_its_line_and_the_node_does_not_start()
    {
        var file = _scratch["edge.json"];
        await File.WriteAllTextAsync(file, "{\n  \"lan\": { \"listn\": [] },\n  \"inference\": {\n    \"maxActive\": \"many\"\n  }\n}\n");

        var run = await Command.EdgeAsync(State, "run", "--config", file);
        var check = await Command.EdgeAsync(State, "config", "check", "--config", file);

        Assert.Equal((1, 1), (run.ExitCode, check.ExitCode));
        foreach (var error in (string[])[run.Error, check.Error])
        {
            Assert.Contains($"{file}:2: there is no setting 'lan.listn'. Did you mean 'lan.listen'?", error);
            Assert.Contains($"{file}:4: inference.maxActive: expected a whole number", error);
        }
    }

    [Theory]
    [InlineData("--nonsense")]
    [InlineData("run", "--nonsense")]
    [InlineData("nonsense")]
    [InlineData("receipts", "show")]
    [InlineData("ledger", "check", "--quick", "--repair")]
    [InlineData("apikey", "add", "x", "--scope", "everything")]
    public async Task What_is_no_command_is_a_usage_error(params string[] arguments)
    {
        var result = await Command.EdgeAsync(State, arguments);

        Assert.Equal(2, result.ExitCode);
        Assert.Contains("--help", result.Error);
        Assert.False(Directory.Exists(State), "A usage error left something behind.");
    }

    [Fact]
    public async Task Every_command_has_help_that_says_what_it_does()
    {
        var found = await HelpOfAllAsync([]);

        // All of the documented ones are among them.
        Assert.All(
            (string[])["run", "status", "doctor", "config check", "model pull", "apikey add", "key show", "ledger check", "receipts export"],
            command => Assert.Contains(command, found));
    }

    [Fact]
    public async Task Every_command_that_answers_answers_in_JSON_too()
    {
        await using var node = await PublishedNode.StartAsync(new NodeSetup { State = State });
        await node.Http.AskAsync();
        (await node.Http.PostAsync("/node/v1/seal", "")).Is(System.Net.HttpStatusCode.OK);
        (await Command.EdgeAsync(State, "receipts", "export", "--out", _scratch["r.json"])).Succeeded();
        foreach (var command in (string[])[
            "status", "doctor", "config check", "config show", "config schema", "model list", "model verify starter", "apikey add ana", "apikey list", "key show",
            "key test", "ledger check", "ledger check --quick", "ledger check --repair", "receipts list", "receipts show 1", "receipts export",
            $"receipts verify {_scratch["r.json"]}", "receipts forget 1", "apikey revoke ana", "model rm starter"])
        {
            var result = (await Command.EdgeAsync(State, [.. command.Split(' '), "--json"])).Succeeded();
            Assert.True(Parses(result), $"{command} --json wrote: {result.Output}");
        }
    }

    [Fact]
    public async Task What_changes_something_goes_through_the_running_node()
    {
        await using var node = await PublishedNode.StartAsync(new NodeSetup { State = State });
        await node.Http.AskAsync();

        (await Command.EdgeAsync(State, "apikey", "add", "ana", "--model", "starter", "--tokens-per-minute", "100", "--credit", "5")).Succeeded();
        var key = (await Command.EdgeAsync(State, "apikey", "list", "--json")).Succeeded().Json[0];
        Assert.Equal(("ana", 100, "5"), (key.GetProperty("name").GetString(), key.GetProperty("tokensPerMinute").GetInt32(), key.GetProperty("creditLimit").GetString()));
        (await Command.EdgeAsync(State, "receipts", "forget", "1")).Succeeded();
        Assert.Equal(System.Text.Json.JsonValueKind.Null, (await Command.EdgeAsync(State, "receipts", "show", "1")).Succeeded().Json.GetProperty("salts").ValueKind);
        (await Command.EdgeAsync(State, "model", "rm", "starter")).Succeeded();
        Assert.Equal(0, (await Command.EdgeAsync(State, "model", "list", "--json")).Succeeded().Json.GetArrayLength());
    }

    [Fact]
    public async Task Twenty_starts_are_twenty_boots()
    {
        for (var i = 0; i < 20; i++)
        {
            await using var node = await PublishedNode.StartAsync(new NodeSetup { State = State });
            Assert.Equal(0, await node.StopAsync());
        }

        Assert.Equal(20u, LedgerFile.Summary(State).Boot);
    }

    private static bool Parses(CommandResult result)
    {
        try
        {
            return result.Json.ValueKind is System.Text.Json.JsonValueKind.Object or System.Text.Json.JsonValueKind.Array;
        }
        catch (System.Text.Json.JsonException)
        {
            return false;
        }
    }

    /// <summary>Reads the help of a command and of all below it.</summary>
    private async Task<List<string>> HelpOfAllAsync(string[] path)
    {
        var help = (await Command.EdgeAsync(State, [.. path, "--help"])).Succeeded().Output;
        Assert.Matches(@"Description:\s+\S.{10,}", help);
        Assert.DoesNotMatch(@"\n  -\S+.*\S  \s*\n", help);
        var found = new List<string> { string.Join(' ', path) };
        var section = help.IndexOf("\nCommands:", StringComparison.Ordinal);
        if (section >= 0)
        {
            foreach (Match command in CommandName().Matches(help[section..]))
            {
                found.AddRange(await HelpOfAllAsync([.. path, command.Groups[1].Value]));
            }
        }

        return found;
    }

    [GeneratedRegex(@"^  ([a-z]+(?:-[a-z]+)*)\b", RegexOptions.Multiline)]
    private static partial Regex CommandName();
}
