using System.Globalization;
using System.Net.Sockets;
using System.Text;
using OffLM.Shared;

namespace OffLM.Edge.Qemu.Tests.Harness;

/// <summary>
/// A machine with Debian's kernel and the published program, and chips whose registers a test sets. It is booted once for all tests: each
/// begins with <see cref="ResetAsync"/>.
/// </summary>
public sealed class Guest : IAsyncLifetime
{
    private static readonly TimeSpan BootDeadline = TimeSpan.FromSeconds(120);
    private static readonly TimeSpan StepDeadline = TimeSpan.FromSeconds(60);

    private readonly Scratch _scratch = new();
    private readonly int _port = FreePort.Next();
    private QemuProcess? _qemu;
    private StreamReader? _answers;
    private Stream? _serial;

    internal Ina3221 Ina3221 => new(this);

    internal Amc6821 Amc6821 => new(this);

    internal PwmFan PwmFan => new(this);

    internal ThermalZones Zones => new(this);

    /// <summary>Where the node in the guest is reached.</summary>
    internal Uri NodeAddress => new($"http://127.0.0.1:{_port}");

    /// <summary>A key that may ask for everything.</summary>
    internal string Key { get; private set; } = "";

    public async Task InitializeAsync()
    {
        GuestImage.RequireCurrent();
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(_scratch["steps"]));
        listener.Listen();
        _qemu = new QemuProcess(_scratch, _scratch["steps"], _port);
        using var deadline = new CancellationTokenSource(BootDeadline);
        _serial = new NetworkStream(await listener.AcceptAsync(deadline.Token), ownsSocket: true);
        _answers = new StreamReader(_serial, Encoding.ASCII);
        Assert.Equal("ready", await AnswerAsync(BootDeadline));
        Key = (await RunAsync($"offlm-edge apikey add tests --scope admin --json --state {GuestNode.State}")).Succeeded().Json.GetProperty("secret").GetString()!;
    }

    public async Task DisposeAsync()
    {
        _answers?.Dispose();
        await (_serial?.DisposeAsync() ?? ValueTask.CompletedTask);
        _qemu?.Dispose();
        _scratch.Dispose();
    }

    /// <summary>Everything as on a board that has just been switched on: cool, little power, the fan with its chip and turning.</summary>
    internal async Task ResetAsync()
    {
        await Zones.SetAsync(45, 43, 46);
        await Ina3221.ResetAsync();
        await Amc6821.ResetAsync();
        await PwmFan.ResetAsync();
    }

    /// <summary>Runs a shell script in the guest.</summary>
    internal async Task<StepResult> RunAsync(string script)
    {
        await _serial!.WriteAsync(Encoding.ASCII.GetBytes(Convert.ToBase64String(Encoding.UTF8.GetBytes(script)) + "\n"));
        var parts = (await AnswerAsync(StepDeadline)).Split(' ');
        return new(script, int.Parse(parts[0], CultureInfo.InvariantCulture), Text(parts[1]), Text(parts[2]));
    }

    /// <summary>Runs a shell script that succeeds, for its output.</summary>
    internal async Task<string> ReadAsync(string script) => (await RunAsync(script)).Succeeded().Output.Trim();

    private static string Text(string base64) => Encoding.UTF8.GetString(Convert.FromBase64String(base64));

    private async Task<string> AnswerAsync(TimeSpan patience)
    {
        using var deadline = new CancellationTokenSource(patience);
        try
        {
            return await _answers!.ReadLineAsync(deadline.Token) ?? throw new InvalidOperationException($"The guest is gone.\n{_qemu!.Console}");
        }
        catch (OperationCanceledException e)
        {
            throw new TimeoutException($"The guest did not answer within {patience.TotalSeconds} s.\n{_qemu!.Console}", e);
        }
    }
}
