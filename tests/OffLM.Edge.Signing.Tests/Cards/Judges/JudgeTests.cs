using System.Diagnostics;
using System.Globalization;
using System.Text;
using OffLM.CardSimulator.Card;
using OffLM.CardSimulator.Fronts;
using OffLM.Edge.Signing.Interop.Secp256k1;

namespace OffLM.Edge.Signing.Tests.Cards.Judges;

/// <summary>gpg, scdaemon and opensc look at the simulated card that the other tests trust, enrolled by the product's own code.</summary>
public sealed class JudgeTests : IDisposable
{
    private static readonly DateTimeOffset MadeAt = new(2026, 2, 3, 4, 5, 6, TimeSpan.Zero);

    private readonly TestFolder _folder = new();

    [Fact]
    public async Task Gpg_and_opensc_know_the_card_and_scdaemons_signature_is_by_the_nodes_address()
    {
        var state = new CardState();
        var publicKey = Enrol(state);
        state.Save(_folder.File("card"));
        var digest = Bytes32.Random();
        await JudgeAsync(digest);

        var opensc = File.ReadAllText(_folder.File("opensc"));
        Assert.Contains("OpenPGP card v3.4 (FFFE 00C0FFEE)", opensc, StringComparison.Ordinal);
        Assert.Contains("Serial number:   00C0FFEE", opensc, StringComparison.Ordinal);

        var gpg = File.ReadAllText(_folder.File("gpg"));
        Assert.Contains("Application ID ...: D276000124010304FFFE00C0FFEE0000", gpg, StringComparison.Ordinal);
        Assert.Contains("Key attributes ...: secp256k1", gpg, StringComparison.Ordinal);
        Assert.Contains("PIN retry counter : 3 0 3", gpg, StringComparison.Ordinal);
        Assert.Contains("Signature counter : 0", gpg, StringComparison.Ordinal);
        Assert.Contains("Signature PIN ....: not forced", gpg, StringComparison.Ordinal);
        Assert.Contains("created ....: 2026-02-03 04:05:06", gpg, StringComparison.Ordinal);

        var lines = Decode(File.ReadAllBytes(_folder.File("scdaemon")));
        Assert.Contains(lines, line => line.AsSpan().IndexOf((byte[])[0x04, .. publicKey]) > 0);
        var signature = Assert.Single(lines, line => line.Length == 2 + 64 && line.AsSpan().StartsWith("D "u8))[2..];
        var address = Address.OfPublicKey(publicKey);
        Assert.Equal(address, Secp256k1.Complete(signature, digest, address)!.Value.Recover(digest));
        Assert.Equal(1u, CardState.Load(_folder.File("card")).Counter);
    }

    /// <summary>The judge's processes are in a process namespace: they end with it.</summary>
    public void Dispose() => _folder.Dispose();

    private static byte[] Enrol(CardState state)
    {
        using var card = new SimulatedCard(state: state).Connect();
        card.VerifyAdminPin("12345678"u8);
        card.ChooseSecp256k1();
        card.SetPinValidity(many: true);
        var key = card.GenerateSigningKey();
        card.DescribeSigningKey(key, MadeAt);
        return key;
    }

    private async Task JudgeAsync(Bytes32 digest)
    {
        var start = new ProcessStartInfo("unshare") { RedirectStandardError = true };
        foreach (var argument in (string[])["--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"])
        {
            start.ArgumentList.Add(argument);
        }

        if (!Environment.IsPrivilegedProcess)
        {
            start.ArgumentList.Add("--map-root-user");
        }

        var script = Path.Combine(AppContext.BaseDirectory, "judge.sh");
        var simulator = typeof(CardApplication).Assembly.Location;
        foreach (var argument in (string[])["bash", script, simulator, _folder.File("card"), Path.GetDirectoryName(_folder.File("card"))!, digest.ToString()[2..], "123456"])
        {
            start.ArgumentList.Add(argument);
        }

        using var judge = Process.Start(start)!;
        var errors = judge.StandardError.ReadToEndAsync();
        using var deadline = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        try
        {
            await judge.WaitForExitAsync(deadline.Token);
        }
        catch (OperationCanceledException)
        {
            judge.Kill(entireProcessTree: true);
        }

        Assert.True(judge.HasExited && judge.ExitCode == 0, $"{await errors} {Logs()}");
    }

    private string Logs() => string.Join('\n', Directory.EnumerateFiles(Path.GetDirectoryName(_folder.File("x"))!, "*.log").Select(f => $"{Path.GetFileName(f)}: {File.ReadAllText(f)}"));

    /// <summary>Assuan's lines, with %XX undone.</summary>
    private static List<byte[]> Decode(byte[] output)
    {
        var lines = new List<byte[]>();
        var line = new List<byte>();
        for (var i = 0; i < output.Length; i++)
        {
            if (output[i] == '\n')
            {
                lines.Add([.. line]);
                line.Clear();
            }
            else if (output[i] == '%' && i + 2 < output.Length)
            {
                line.Add(byte.Parse(Encoding.ASCII.GetString(output, i + 1, 2), NumberStyles.HexNumber, CultureInfo.InvariantCulture));
                i += 2;
            }
            else
            {
                line.Add(output[i]);
            }
        }

        return lines;
    }
}
