using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace OffLM.Edge.Tests.Harness;

/// <summary>A program of ours that runs beside the test, and what it says.</summary>
internal sealed class ChildProgram : IAsyncDisposable
{
    private static readonly TimeSpan EndDeadline = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly string _name;
    private readonly bool _wrapped;
    private readonly StringBuilder _log = new();

    /// <param name="name">What it is called in messages.</param>
    /// <param name="command">The program and its arguments.</param>
    /// <param name="environment">Variables beside those of this process that are not ours.</param>
    /// <param name="wrapped">Whether the command runs another program, which is the one that is meant.</param>
    public ChildProgram(string name, IReadOnlyList<string> command, IReadOnlyDictionary<string, string> environment, bool wrapped = false)
    {
        (_name, _wrapped) = (name, wrapped);
        var start = Command.Prepare(command[0], [.. command.Skip(1)], environment);
        start.RedirectStandardOutput = true;
        _process = Process.Start(start)!;
        _process.OutputDataReceived += (_, line) => Keep(line.Data);
        _process.ErrorDataReceived += (_, line) => Keep(line.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    /// <summary>The program's own process, also when a wrapper runs it.</summary>
    public int Pid => _wrapped ? ChildOf(_process.Id) : _process.Id;

    public bool HasExited => _process.HasExited;

    /// <summary>What it wrote so far.</summary>
    public string Log
    {
        get
        {
            lock (_log)
            {
                return _log.ToString();
            }
        }
    }

    /// <exception cref="InvalidOperationException">It ended; the message has its log.</exception>
    public void RequireRunning()
    {
        if (_process.HasExited)
        {
            throw new InvalidOperationException($"The {_name} ended with {_process.ExitCode}.\n{Log}");
        }
    }

    /// <summary>Ends it as a power cut would, and waits for its end.</summary>
    public async Task Kill9Async()
    {
        _ = Libc.Kill(Pid, Libc.Sigkill);
        await WaitForExitAsync();
    }

    /// <summary>Asks it to end.</summary>
    public void Terminate() => _ = Libc.Kill(Pid, Libc.Sigterm);

    /// <summary>Asks it to end, and waits for that.</summary>
    /// <returns>Its exit status.</returns>
    public async Task<int> StopAsync()
    {
        Terminate();
        return await WaitForExitAsync();
    }

    public async Task<int> WaitForExitAsync()
    {
        using var deadline = new CancellationTokenSource(EndDeadline);
        try
        {
            await _process.WaitForExitAsync(deadline.Token);
            return _process.ExitCode;
        }
        catch (OperationCanceledException e)
        {
            throw new TimeoutException($"The {_name} did not end within {EndDeadline.TotalSeconds} s.\n{Log}", e);
        }
    }

    /// <summary>A line of <c>/proc/PID/status</c> in its unit, for example VmRSS in kB.</summary>
    public long ProcStatus(string field)
    {
        var line = File.ReadLines($"/proc/{Pid}/status").First(l => l.StartsWith(field + ":", StringComparison.Ordinal));
        return long.Parse(line[(field.Length + 1)..].Replace("kB", "", StringComparison.Ordinal).Trim(), CultureInfo.InvariantCulture);
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            await Kill9Async();
        }

        _process.Dispose();
    }

    private void Keep(string? line)
    {
        lock (_log)
        {
            _log.AppendLine(line);
        }
    }

    private static int ChildOf(int pid)
    {
        var children = File.ReadAllText($"/proc/{pid}/task/{pid}/children").Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return children.Length > 0 ? int.Parse(children[0], CultureInfo.InvariantCulture) : pid;
    }
}
