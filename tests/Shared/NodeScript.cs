using System.ComponentModel;
using System.Diagnostics;

namespace OffLM.Edge.Tests.Shared;

/// <summary>Runs the scripts of <c>tests/clients</c>, which use public libraries as a stranger would. One file, compiled into each test project that needs it.</summary>
internal static class NodeScript
{
    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(5);

    private static readonly Lazy<Task> Installed = new(InstallAsync);

    /// <summary>Installs the libraries if they aren't yet, and runs a script.</summary>
    /// <returns>Its exit status, and what it wrote to standard output and error.</returns>
    /// <exception cref="InvalidOperationException">Node or npm is missing, or the libraries can't be installed; the message says which.</exception>
    public static async Task<(int ExitCode, string Output)> RunAsync(string script, params string[] arguments)
    {
        await Installed.Value.ConfigureAwait(false);
        return await StartAsync("node", [Path.Combine(Folder(), script), .. arguments]).ConfigureAwait(false);
    }

    private static async Task InstallAsync()
    {
        var (exitCode, output) = await StartAsync(Path.Combine(Folder(), "install"), []).ConfigureAwait(false);
        if (exitCode != 0)
        {
            throw new InvalidOperationException($"The client libraries that this test runs can't be installed: {output}");
        }
    }

    private static async Task<(int ExitCode, string Output)> StartAsync(string program, string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        Process process;
        try
        {
            process = Process.Start(start)!;
        }
        catch (Win32Exception e)
        {
            throw new InvalidOperationException($"'{program}' can't be started: {e.Message}. This test needs Node.js 20 or later with npm.", e);
        }

        using (process)
        using (var deadline = new CancellationTokenSource(Deadline))
        {
            try
            {
                var output = process.StandardOutput.ReadToEndAsync(deadline.Token);
                var error = process.StandardError.ReadToEndAsync(deadline.Token);
                await process.WaitForExitAsync(deadline.Token).ConfigureAwait(false);
                return (process.ExitCode, await output.ConfigureAwait(false) + await error.ConfigureAwait(false));
            }
            catch (OperationCanceledException e)
            {
                process.Kill(entireProcessTree: true);
                throw new InvalidOperationException($"'{program}' did not end within {Deadline.TotalMinutes} minutes.", e);
            }
        }
    }

    private static string Folder()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "OffLM.Edge.sln")))
            {
                return Path.Combine(folder.FullName, "tests", "clients");
            }
        }

        throw new InvalidOperationException($"No folder above {AppContext.BaseDirectory} holds OffLM.Edge.sln.");
    }
}
