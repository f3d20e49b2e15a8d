using System.Text.RegularExpressions;
using OffLM.Edge.Tests.Harness;

namespace OffLM.Edge.Tests;

/// <summary>
/// Runs what the README tells its readers to type. A fenced <c>sh</c> block that stands directly under the comment
/// <c>&lt;!-- test --&gt;</c> is run with bash, stopping at the first command that fails: all blocks in their order, in one empty folder,
/// beside one running node whose state directory <c>OFFLM_STATE</c> names, with the published program on the <c>PATH</c>. The port 11434 is
/// replaced by the node's. A block without the comment is not run: it needs another machine, or starts the node itself.
/// </summary>
public sealed partial class ReadmeTests : IDisposable
{
    private readonly Scratch _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public async Task Every_command_of_the_README_works()
    {
        var readme = await File.ReadAllTextAsync(Path.Combine(PublishedProgram.Repository, "README.md"));
        var blocks = MarkedBlock().Matches(readme).Select(m => m.Groups[1].Value).ToList();
        Assert.True(blocks.Count >= 5, $"Only {blocks.Count} blocks of the README are marked to be run.");
        Assert.Equal(Comment().Count(readme), blocks.Count);

        await using var node = await PublishedNode.StartAsync(new NodeSetup { State = _scratch["state"], Shipped = true });
        var environment = new Dictionary<string, string>
        {
            ["OFFLM_STATE"] = node.State,
            ["PATH"] = $"{PublishedProgram.Folder}:{Environment.GetEnvironmentVariable("PATH")}",
        };
        var folder = Directory.CreateDirectory(_scratch["reader"]).FullName;
        foreach (var block in blocks)
        {
            var script = block.Replace("11434", $"{node.Port}", StringComparison.Ordinal);
            var result = await Command.RunAsync("bash", ["-euo", "pipefail", "-c", script], environment, folder);
            Assert.True(result.ExitCode == 0, $"Exit status {result.ExitCode} of:\n{script}\n{result.Output}\n{result.Error}");

            // curl succeeds whatever the node answers.
            Assert.DoesNotContain("\"error\"", result.Output);
        }
    }

    [GeneratedRegex(@"^<!-- test -->\r?\n```sh\r?\n(.*?)^```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex MarkedBlock();

    [GeneratedRegex("^<!-- test -->", RegexOptions.Multiline)]
    private static partial Regex Comment();
}
