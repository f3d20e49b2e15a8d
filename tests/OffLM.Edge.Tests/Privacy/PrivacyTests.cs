using System.Net;
using System.Text;
using System.Text.RegularExpressions;
using OffLM.Edge.Tests.Harness;

namespace OffLM.Edge.Tests.Privacy;

/// <summary>What leaves the node, and what stays behind: watched from outside.</summary>
public sealed partial class PrivacyTests : IDisposable
{
    private const string Marker = "Zwiebelfischplatzhalter";

    private readonly Scratch _scratch = new();

    private string State => _scratch["state"];

    private string Home => _scratch["home"];

    private string Trace => _scratch["trace"];

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public async Task A_run_opens_no_socket_but_its_listeners_connects_nowhere_and_leaves_no_file_outside_its_state()
    {
        Directory.CreateDirectory(Home);
        int port;
        await using (var node = await PublishedNode.StartAsync(new NodeSetup
        {
            State = State,
            Wrapper = ["strace", "-f", "-qq", "-o", Trace, "-e", "trace=openat,open,creat,mkdir,mkdirat,socket,connect,bind,sendto,sendmsg,sendmmsg", "env", "-u", "CI", "-u", "XDG_CACHE_HOME", "-u", "XDG_DATA_HOME", "-u", "XDG_CONFIG_HOME"],
            Environment = new Dictionary<string, string> { ["HOME"] = Home },
        }))
        {
            port = node.Port;
            await node.Http.AskAsync();
            Assert.Equal(0, await node.StopAsync());
        }

        var calls = await File.ReadAllLinesAsync(Trace);
        Assert.Contains(calls, c => c.Contains($"htons({port})", StringComparison.Ordinal) && c.Contains("bind(", StringComparison.Ordinal));
        Assert.DoesNotContain(calls, c => InternetBind().IsMatch(c) && !c.Contains($"htons({port})", StringComparison.Ordinal));
        Assert.Single(calls, c => InternetSocket().IsMatch(c) && !c.Contains("SOCK_DGRAM", StringComparison.Ordinal));

        // .NET opens a datagram socket of each family to see whether the kernel has it, and closes it: none is bound, connected or written to.
        Assert.DoesNotContain(calls, c => c.Contains(" connect(", StringComparison.Ordinal));
        Assert.DoesNotContain(calls, c => c.Contains("sa_family=AF_INET", StringComparison.Ordinal) && c.Contains("send", StringComparison.Ordinal));
        Assert.Empty(Directory.EnumerateFileSystemEntries(Home, "*", SearchOption.AllDirectories));
        Assert.All(
            calls.Select(c => CreatedFile().Match(c)).Where(m => m.Success).Select(m => m.Groups[1].Value),
            path => Assert.True(IsOwn(path), $"It wrote to {path}."));
    }

    [Fact]
    public async Task Neither_prompt_nor_answer_appears_in_a_log_a_file_a_metric_or_an_error()
    {
        await using var node = await PublishedNode.StartAsync(new NodeSetup { State = State });
        var texts = new List<string> { Marker };
        foreach (var stream in (bool[])[false, true])
        {
            var answer = (await node.Http.PostAsync(Api.ChatPath, Api.Chat($"{Marker} says hello", 60, stream))).Is(HttpStatusCode.OK);
            texts.Add(Longest(answer.Text, stream));
        }

        var errors = new List<string>();
        foreach (var body in (string[])[
            Api.Chat(Marker).Replace("\"max_tokens\":8", $"\"max_tokens\":\"{Marker}\"", StringComparison.Ordinal),
            Api.Chat(string.Concat(Enumerable.Repeat(Marker + " ", 3000))),
            $"{{\"model\":\"starter\",\"messages\":[{{\"role\":\"{Marker}\",\"content\":\"x\"}}]}}",
            $"{{\"model\":\"starter\",\"messages\":[{{\"role\":\"user\",\"content\":\"{Marker}"])
        {
            errors.Add((await node.Http.PostAsync(Api.ChatPath, body)).Is(HttpStatusCode.BadRequest).Text);
        }

        var metrics = await node.Http.GetStringAsync("/metrics");
        AssertAbsent(texts, "while it ran", StateFiles());
        Assert.Equal(0, await node.StopAsync());

        AssertAbsent(texts, "after its end", StateFiles());
        Assert.All(texts, text => Assert.DoesNotContain(text, node.Log));
        Assert.All(texts, text => Assert.DoesNotContain(text, metrics));
        Assert.All(errors, error => Assert.DoesNotContain(Marker, error));
    }

    [Fact]
    public async Task Its_memory_can_be_neither_dumped_nor_read_by_others_of_its_user()
    {
        await using var node = await PublishedNode.StartAsync();

        var core = (await File.ReadAllLinesAsync($"/proc/{node.Pid}/limits")).Single(l => l.StartsWith("Max core file size", StringComparison.Ordinal));
        Assert.Matches(@"Max core file size\s+0\s+0\s", core);

        // The kernel gives the files of a process that isn't dumpable to root: proc(5).
        var owner = (await Command.RunAsync("stat", ["-c", "%U", $"/proc/{node.Pid}/mem"])).Succeeded().Output.Trim();
        Assert.Equal("root", owner);
        if (!Environment.IsPrivilegedProcess)
        {
            Assert.Throws<UnauthorizedAccessException>(() => File.OpenRead($"/proc/{node.Pid}/mem"));
        }
    }

    private static void AssertAbsent(IEnumerable<string> texts, string when, IReadOnlyDictionary<string, byte[]> files)
    {
        Assert.NotEmpty(files);
        foreach (var text in texts)
        {
            Assert.All(files, file => Assert.True(file.Value.AsSpan().IndexOf(Encoding.UTF8.GetBytes(text)) < 0, $"'{text}' is in {file.Key} {when}."));
        }
    }

    /// <summary>The longest run of letters and spaces in what the model said: nothing that a file has by chance.</summary>
    private static string Longest(string response, bool stream)
    {
        var text = stream
            ? string.Concat(StreamedText().Matches(response).Select(m => Regex.Unescape(m.Groups[1].Value)))
            : System.Text.Json.JsonDocument.Parse(response).RootElement.GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString()!;
        var longest = Words().Matches(text).Select(m => m.Value).MaxBy(v => v.Length) ?? "";
        Assert.True(longest.Length >= 12, $"The model said nothing that could be searched for: {text}");
        return longest;
    }

    /// <summary>Every file of the state directory, write-ahead logs included, except the models.</summary>
    private Dictionary<string, byte[]> StateFiles() => Directory.EnumerateFiles(State, "*", SearchOption.AllDirectories)
        .Where(path => !path.Contains("/models/", StringComparison.Ordinal) && !path.EndsWith(".sock", StringComparison.Ordinal) && Path.GetFileName(path) != "lock")
        .ToDictionary(path => path, ReadShared);

    private static byte[] ReadShared(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        var bytes = new byte[file.Length];
        file.ReadExactly(bytes);
        return bytes;
    }

    private bool IsOwn(string path) =>
        path.StartsWith(State, StringComparison.Ordinal) || path.StartsWith("/dev/", StringComparison.Ordinal) || path.StartsWith("/proc/self/", StringComparison.Ordinal);

    [GeneratedRegex(@"\bsocket\(AF_INET6?,")]
    private static partial Regex InternetSocket();

    [GeneratedRegex(@"\bbind\(.*sa_family=AF_INET")]
    private static partial Regex InternetBind();

    /// <summary>A path that was opened for writing or made.</summary>
    [GeneratedRegex(@"(?:openat|open|creat|mkdir|mkdirat)\((?:AT_FDCWD, )?""([^""]+)""(?:, (?:.*O_CREAT|.*O_WRONLY|.*O_RDWR|0\d+)).* = \d")]
    private static partial Regex CreatedFile();

    [GeneratedRegex(@"""delta"":\{""content"":""((?:[^""\\]|\\.)*)""")]
    private static partial Regex StreamedText();

    [GeneratedRegex(@"[A-Za-z ]+")]
    private static partial Regex Words();
}
