using System.Diagnostics;

namespace OffLM.Edge.Qemu.Tests.Harness;

/// <summary>QEMU with a PC that it emulates altogether: slower than KVM, but the same everywhere.</summary>
internal sealed class QemuProcess : IDisposable
{
    /// <summary>However the tests end, a machine doesn't stay longer. Seconds.</summary>
    private const string LongestLife = "1200";

    private readonly Process _process;
    private readonly string _consoleFile;

    /// <param name="scratch">Where the kernel's messages go.</param>
    /// <param name="socket">A listening Unix socket that becomes the guest's second serial port.</param>
    /// <param name="port">The port of 127.0.0.1 that leads to the node's in the guest.</param>
    public QemuProcess(Scratch scratch, string socket, int port)
    {
        _consoleFile = scratch["console"];
        string[] arguments =
        [
            "-s", "KILL", LongestLife, "qemu-system-x86_64",
            "-M", "q35", "-accel", "tcg,thread=multi,tb-size=512", "-cpu", "max", "-smp", "1", "-m", "1536",
            "-nodefaults", "-display", "none", "-no-reboot",
            "-kernel", GuestImage.Kernel, "-initrd", GuestImage.Initramfs,
            "-append", "console=ttyS0 quiet panic=-1 mitigations=off tsc=reliable",
            "-serial", $"file:{_consoleFile}",
            "-chardev", $"socket,id=steps,path={socket}", "-serial", "chardev:steps",
            "-netdev", $"user,id=net,restrict=on,hostfwd=tcp:127.0.0.1:{port}-:{GuestNode.Port}", "-device", "virtio-net-pci,netdev=net,romfile=",
        ];
        _process = Process.Start(new ProcessStartInfo("timeout", arguments) { UseShellExecute = false, RedirectStandardInput = true })!;
    }

    public bool HasExited => _process.HasExited;

    /// <summary>What the kernel said.</summary>
    public string Console => File.Exists(_consoleFile) ? File.ReadAllText(_consoleFile) : "";

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
            _process.WaitForExit();
        }

        _process.Dispose();
    }
}
