using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace OffLM.Shared.Mqtt;

/// <summary>A real mosquitto on a free port of 127.0.0.1, with its own configuration and folder; ended by its process id.</summary>
internal sealed class MosquittoBroker : IAsyncDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(20);

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("offlm-mosquitto-");
    private readonly MosquittoOptions _options;
    private readonly ConcurrentQueue<string> _log = new();
    private Process? _process;

    private MosquittoBroker(MosquittoOptions options) => _options = options;

    public int Port { get; private set; }

    public Uri Uri => new($"{(_options.Tls is null ? "mqtt" : "mqtts")}://127.0.0.1:{Port}");

    /// <summary>What it wrote so far, over all its starts.</summary>
    public IReadOnlyCollection<string> Log => _log;

    /// <summary>Starts a broker and waits until it takes connections.</summary>
    public static async Task<MosquittoBroker> StartAsync(MosquittoOptions? options = null)
    {
        var broker = new MosquittoBroker(options ?? new MosquittoOptions());
        for (var attempt = 1; ; attempt++)
        {
            // A free port may be gone until mosquitto has it.
            broker.Port = FreePort.Next();
            try
            {
                await broker.LaunchAsync();
                return broker;
            }
            catch (InvalidOperationException) when (attempt < 5)
            {
                await broker.KillAsync();
            }
        }
    }

    /// <summary>kill -9: no goodbye, nothing saved.</summary>
    public async Task KillAsync()
    {
        if (_process is { } process)
        {
            process.Kill();
            await process.WaitForExitAsync();
            process.Dispose();
            _process = null;
        }
    }

    /// <summary>Ends it in an orderly way, so that it saves its store where it has one.</summary>
    public async Task StopAsync()
    {
        if (_process is { } process)
        {
            _ = kill(process.Id, Terminate);
            using var limit = new CancellationTokenSource(s_patience);
            await process.WaitForExitAsync(limit.Token);
            process.Dispose();
            _process = null;
        }
    }

    /// <summary>Starts it again on the same port.</summary>
    /// <param name="keepStore">False deletes what it had saved before.</param>
    public async Task StartAgainAsync(bool keepStore)
    {
        if (!keepStore)
        {
            File.Delete(Path.Combine(_folder.FullName, "mosquitto.db"));
        }

        await LaunchAsync();
    }

    /// <summary>Waits until a line of its log has a text.</summary>
    public async Task LoggedAsync(string text)
    {
        var end = Stopwatch.GetTimestamp() + (s_patience.Ticks * Stopwatch.Frequency / TimeSpan.TicksPerSecond);
        while (!_log.Any(line => line.Contains(text, StringComparison.Ordinal)))
        {
            if (Stopwatch.GetTimestamp() >= end)
            {
                throw new TimeoutException($"The broker did not log '{text}', but: {string.Join('\n', _log)}");
            }

            await Task.Delay(10);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        _folder.Delete(recursive: true);
    }

    private const int Terminate = 15;

    [DllImport("libc", EntryPoint = "kill")]
    private static extern int kill(int process, int signal);

    private async Task LaunchAsync()
    {
        var configuration = Path.Combine(_folder.FullName, "mosquitto.conf");
        await File.WriteAllLinesAsync(configuration, await ConfigurationAsync());
        // Debian has it in /usr/sbin, which is not on everyone's path.
        var program = File.Exists("/usr/sbin/mosquitto") ? "/usr/sbin/mosquitto" : "mosquitto";
        _process = Process.Start(new ProcessStartInfo(program, ["-c", configuration, "-v"]) { RedirectStandardError = true, RedirectStandardOutput = true })!;
        _process.OutputDataReceived += (_, line) => Keep(line.Data);
        _process.ErrorDataReceived += (_, line) => Keep(line.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        var start = Stopwatch.GetTimestamp();
        while (!await AcceptsAsync())
        {
            if (_process.HasExited || Stopwatch.GetElapsedTime(start) > s_patience)
            {
                throw new InvalidOperationException($"mosquitto did not start: {string.Join('\n', _log)}");
            }

            await Task.Delay(10);
        }
    }

    private void Keep(string? line)
    {
        if (line is not null)
        {
            _log.Enqueue(line);
        }
    }

    private async Task<bool> AcceptsAsync()
    {
        try
        {
            using var client = new TcpClient();
            await client.ConnectAsync(IPAddress.Loopback, Port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private async Task<List<string>> ConfigurationAsync()
    {
        List<string> lines =
        [
            "per_listener_settings false",
            $"user {Environment.UserName}",   // as root it would take away its own rights to the folder
            "log_dest stderr",
            "log_type all",
            $"allow_anonymous {(_options.Users.Count == 0 ? "true" : "false")}",
        ];
        if (_options.Persistence)
        {
            lines.AddRange(["persistence true", $"persistence_location {_folder.FullName}/"]);
        }

        if (_options.Users.Count > 0)
        {
            lines.Add($"password_file {await PasswordFileAsync()}");
        }

        if (_options.Acl.Count > 0)
        {
            var file = Path.Combine(_folder.FullName, "acl");
            await File.WriteAllLinesAsync(file, _options.Acl);
            lines.Add($"acl_file {file}");
        }

        lines.AddRange(_options.Lines);
        lines.Add($"listener {Port} 127.0.0.1");
        if (_options.Tls is { } tls)
        {
            lines.AddRange([$"certfile {tls.Certificate}", $"keyfile {tls.Key}"]);
            if (_options.ClientCa is { } authority)
            {
                lines.AddRange([$"cafile {authority}", "require_certificate true"]);
            }
        }

        return lines;
    }

    private async Task<string> PasswordFileAsync()
    {
        var file = Path.Combine(_folder.FullName, "passwords");
        await File.WriteAllLinesAsync(file, _options.Users.Select(user => $"{user.Key}:{user.Value}"));
        using var hashing = Process.Start("mosquitto_passwd", ["-U", file]);
        await hashing.WaitForExitAsync();
        return hashing.ExitCode == 0 ? file : throw new InvalidOperationException($"mosquitto_passwd ended with {hashing.ExitCode}.");
    }
}
