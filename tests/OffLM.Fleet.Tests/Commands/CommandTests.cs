using System.Text.Json;
using OffLM.Edge.Metering.Batches;
using OffLM.Edge.Signing;
using OffLM.Fleet.Tests.Support;

namespace OffLM.Fleet.Tests.Commands;

/// <summary>The program as an operator uses it.</summary>
public sealed class CommandTests : IDisposable
{
    private readonly TestFolder _folder = new();
    private readonly TestNode _node = new("a");

    [Theory]
    [InlineData("collect")]
    [InlineData("nodes")]
    [InlineData("watch")]
    [InlineData("report")]
    [InlineData("verify")]
    [InlineData("settle")]
    [InlineData("key")]
    public async Task Every_command_explains_itself(string command)
    {
        var result = await FleetProgram.RunAsync(command, "--help");
        Assert.Equal(0, result.ExitCode);
        Assert.Contains("Usage:", result.Output, StringComparison.Ordinal);
        Assert.Contains("--json", result.Output, StringComparison.Ordinal);
        Assert.Contains("--db", result.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(2, "settel")]
    [InlineData(2, "collect")]
    [InlineData(2, "report", "--by", "weather")]
    [InlineData(2, "settle", "proof", "0x00")]
    [InlineData(1, "report")]
    [InlineData(1, "verify")]
    [InlineData(1, "verify", "nothing.json")]
    [InlineData(1, "settle")]
    [InlineData(1, "nodes", "trust", "0x12")]
    [InlineData(1, "collect", "--broker", "http://x")]
    [InlineData(1, "collect", "--broker", "mqtt://x", "--fleet", "A/b")]
    [InlineData(1, "collect", "--broker", "mqtt://x", "--share", "#")]
    [InlineData(1, "collect", "--broker", "mqtt://x", "--domain", "1")]
    [InlineData(1, "collect", "--broker", "mqtt://x", "--node", "me")]
    [InlineData(1, "collect", "--broker", "mqtt://x", "--ca", "none.pem")]
    public async Task What_is_wrong_is_said_in_a_sentence_and_by_the_exit_status(int status, params string[] arguments)
    {
        var result = await FleetProgram.RunAsync([.. arguments, .. status == 2 ? [] : (string[])["--db", _folder["fleet.db"]]]);
        Assert.Equal(status, result.ExitCode);
        Assert.NotEmpty(result.Error);
        Assert.DoesNotContain("   at ", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_key_is_made_once_and_its_address_is_told()
    {
        var path = _folder["key.json"];
        var together = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => FleetProgram.RunAsync("key", "show", "--json", "--key", path)));
        var address = Assert.Single(together.Select(r => r.Json.GetProperty("address").GetString()).Distinct())!;
        Assert.Equal(Address.Parse(address).ToString(), address);
        Assert.Contains(address, (await FleetProgram.RunAsync("key", "show", "--key", path)).Output, StringComparison.Ordinal);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
    }

    [Fact]
    public async Task The_report_in_json_has_exactly_the_agreed_fields()
    {
        Fill(out var fees);
        var report = (await FleetProgram.RunAsync("report", "--json", "--db", _folder["fleet.db"])).Json;
        Assert.Equal(["nodes"], report.EnumerateObject().Select(p => p.Name));
        var node = Assert.Single(report.GetProperty("nodes").EnumerateArray());
        Assert.Equal(["node", "batches", "receipts", "hidden", "fees", "refused", "pending"], node.EnumerateObject().Select(p => p.Name));
        Assert.Equal(
            (_node.Address.ToString(), 3, 9, 3, fees.ToString(), 1, 1),
            (node.GetProperty("node").GetString(), node.GetProperty("batches").GetInt32(), node.GetProperty("receipts").GetInt32(),
                node.GetProperty("hidden").GetInt32(), node.GetProperty("fees").GetString(), node.GetProperty("refused").GetInt32(), node.GetProperty("pending").GetInt32()));
    }

    [Fact]
    public async Task The_report_by_payer_adds_up_in_every_form()
    {
        Fill(out var fees);
        var json = (await FleetProgram.RunAsync("report", "--by", "payer", "--json", "--db", _folder["fleet.db"])).Json;
        var payer = json.GetProperty("groups").EnumerateArray().Single(g => g.GetProperty("payer").GetString() == TestNode.Party("payer").ToString());
        Assert.Equal(fees.ToString(), payer.GetProperty("fees").GetString());
        var split = payer.GetProperty("split");
        Assert.Equal(fees, Sum(split, "provider", "model", "stakers", "contributors", "platform"));
        Assert.Equal(Sum(split, "platform"), Sum(split.GetProperty("schedule"), "providers", "validators", "burn", "treasury"));
        var csv = (await FleetProgram.RunAsync("report", "--by", "payer", "--csv", "--db", _folder["fleet.db"])).Output;
        Assert.Contains($"{TestNode.Party("payer")},0,6,", csv, StringComparison.Ordinal);
        Assert.Contains("hidden,3,3,", csv, StringComparison.Ordinal);
        Assert.Contains(" OFFLM", (await FleetProgram.RunAsync("report", "--by", "payer", "--db", _folder["fleet.db"])).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Verify_holds_and_names_what_was_changed()
    {
        Fill(out _);
        var whole = await FleetProgram.RunAsync("verify", "--json", "--db", _folder["fleet.db"]);
        Assert.Equal((0, true, 9), (whole.ExitCode, whole.Json.GetProperty("ok").GetBoolean(), whole.Json.GetProperty("receipts").GetInt32()));
        using (var database = Fleet.Store.FleetDatabase.Open(_folder["fleet.db"]))
        {
            database.Connection.Execute("UPDATE chains SET sequence = 99");
        }

        var changed = await FleetProgram.RunAsync("verify", "--db", _folder["fleet.db"]);
        Assert.Equal(1, changed.ExitCode);
        Assert.Contains("receipt 99", changed.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_settlement_is_closed_listed_and_proven()
    {
        Fill(out var fees);
        string[] where = ["--db", _folder["fleet.db"], "--key", _folder["key.json"], "--json"];
        var closed = (await FleetProgram.RunAsync(["settle", .. where])).Json;
        Assert.Equal((3, fees.ToString()), (closed.GetProperty("batches").GetInt32(), closed.GetProperty("fees").GetString()));
        Assert.Equal(JsonValueKind.Null, (await FleetProgram.RunAsync(["settle", .. where])).Json.ValueKind);
        var listed = Assert.Single((await FleetProgram.RunAsync(["settle", "list", .. where])).Json.EnumerateArray());
        Assert.True(JsonElement.DeepEquals(closed, listed));
        var proof = (await FleetProgram.RunAsync(["settle", "proof", _node.Address.ToString(), "2", .. where])).Json;
        var siblings = proof.GetProperty("proof").EnumerateArray().Select(p => Bytes32.Parse(p.GetString())).ToArray();
        Assert.Equal(closed.GetProperty("root").GetString(), MerkleTree.RootOf(Bytes32.Parse(proof.GetProperty("leaf").GetString()), siblings).ToString());
        Assert.Equal(1, (await FleetProgram.RunAsync(["settle", "proof", _node.Address.ToString(), "4", .. where])).ExitCode);
        Assert.Equal(0, (await FleetProgram.RunAsync(["verify", .. where])).ExitCode);
    }

    [Fact]
    public async Task Nodes_are_trusted_distrusted_and_listed()
    {
        string[] where = ["--db", _folder["fleet.db"], "--json"];
        var (old, replacement) = (_node.Address.ToString(), new TestNode("b").Address.ToString());
        Assert.Equal(1, (await FleetProgram.RunAsync(["nodes", "trust", replacement, "--continues", old, .. where])).ExitCode);
        Assert.Equal(0, (await FleetProgram.RunAsync(["nodes", "trust", old, .. where])).ExitCode);
        Assert.Equal(0, (await FleetProgram.RunAsync(["nodes", "trust", replacement, "--continues", old, .. where])).ExitCode);
        Assert.Equal(0, (await FleetProgram.RunAsync(["nodes", "distrust", old, .. where])).ExitCode);
        var nodes = (await FleetProgram.RunAsync(["nodes", .. where])).Json.EnumerateArray().ToDictionary(n => n.GetProperty("node").GetString()!);
        Assert.Equal(("distrusted", "trusted", old), (
            nodes[old].GetProperty("trust").GetString(), nodes[replacement].GetProperty("trust").GetString(), nodes[replacement].GetProperty("continues").GetString()));
    }

    [Fact]
    public async Task Who_watches_sees_what_settles()
    {
        Fill(out _);
        await using var watch = FleetProgram.Launch("watch", "--db", _folder["fleet.db"]);
        await Until.TrueAsync(() => watch.Error.Contains("watching", StringComparison.Ordinal), () => watch.Error);
        using (var book = new TestBook(path: _folder["fleet.db"]))
        {
            TestBook.Settled(book.Take(new TestNode("c").Next()));
        }

        await watch.SaysAsync("settled  batch 1: 3 receipts");
        Assert.Equal(0, await watch.StopAsync());
    }

    public void Dispose() => _folder.Dispose();

    private static UInt128 Sum(JsonElement element, params string[] names) =>
        names.Aggregate(UInt128.Zero, (sum, name) => sum + UInt128.Parse(element.GetProperty(name).GetString()!));

    /// <summary>Three settled batches, one refused, one that waits.</summary>
    private void Fill(out UInt128 fees)
    {
        using var book = new TestBook(path: _folder["fleet.db"]);
        BookState.Introduce(book);
        var chain = _node.Chain(3);
        chain.ForEach(m => TestBook.Settled(book.Take(m)));
        TestBook.Refused(book.Take(_node.Next(batch: b => b with { Fees = 1 })));
        _ = _node.Next();
        Assert.Empty(book.Take(_node.Next()));
        fees = chain.Aggregate(UInt128.Zero, (sum, m) => sum + m.Batch.Fees);
    }
}
