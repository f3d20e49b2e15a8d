using System.Diagnostics;
using System.Text.Json;

namespace OffLM.Edge.Tests.Harness;

/// <summary>What a command did.</summary>
internal sealed record CommandResult(int ExitCode, string Output, string Error)
{
    public JsonElement Json
    {
        get
        {
            using var document = JsonDocument.Parse(Output);
            return document.RootElement.Clone();
        }
    }

    /// <summary>This result, if the command succeeded.</summary>
    public CommandResult Succeeded()
    {
        Assert.True(ExitCode == 0, $"Exit status {ExitCode}.\n{Output}\n{Error}");
        return this;
    }
}

/// <summary>Runs programs to their end.</summary>
internal static class Command
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(120);

    /// <summary>Runs a command of the published program on a state directory.</summary>
    public static Task<CommandResult> EdgeAsync(string state, params IReadOnlyList<string> arguments) =>
        RunAsync(PublishedProgram.Binary, arguments, new Dictionary<string, string> { ["OFFLM_STATE"] = state });

    /// <summary>Runs a program without any <c>OFFLM_*</c> of ours, but with these variables.</summary>
    public static async Task<CommandResult> RunAsync(string program, IReadOnlyList<string> arguments, IReadOnlyDictionary<string, string>? environment = null, string? folder = null)
    {
        var start = Prepare(program, arguments, environment);
        start.RedirectStandardOutput = true;
        start.WorkingDirectory = folder ?? "";
        using var process = Process.Start(start)!;
        using var deadline = new CancellationTokenSource(Deadline);
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(deadline.Token);
            var error = process.StandardError.ReadToEndAsync(deadline.Token);
            await process.WaitForExitAsync(deadline.Token);
            return new(process.ExitCode, await output, await error);
        }
        catch (OperationCanceledException e)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"{program} {string.Join(' ', arguments)} did not end within {Deadline.TotalSeconds} s.", e);
        }
    }

    /// <summary>A start with a clean environment and standard error redirected.</summary>
    public static ProcessStartInfo Prepare(string program, IReadOnlyList<string> arguments, IReadOnlyDictionary<string, string>? environment)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardError = true, UseShellExecute = false };
        foreach (var name in start.Environment.Keys.Where(k => k.StartsWith("OFFLM_", StringComparison.Ordinal)).ToList())
        {
            start.Environment.Remove(name);
        }

        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
        {
            start.Environment[name] = value;
        }

        return start;
    }
}
