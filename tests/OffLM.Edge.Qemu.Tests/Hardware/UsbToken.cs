namespace OffLM.Edge.Qemu.Tests.Hardware;

/// <summary>The simulated card as a token on the guest's USB bus, which the kernel and libusb take for hardware.</summary>
internal sealed class UsbToken(Guest guest)
{
    /// <summary>What the card remembers.</summary>
    public const string Memory = "/tmp/token";

    private const string Gadget = "/sys/kernel/config/usb_gadget/token";

    /// <summary>Plugs a card in: a fresh one, or the one that <see cref="Memory"/> has.</summary>
    /// <param name="signingMilliseconds">How long a signature takes.</param>
    public async Task AttachAsync(int signingMilliseconds)
    {
        await guest.ReadAsync(
            $"""
            set -e
            mkdir -p {Gadget} /tmp/ffs && cd {Gadget}
            echo 0x20a0 > idVendor && echo 0x42b2 > idProduct
            mkdir -p strings/0x409 configs/c.1 functions/ffs.token
            echo OffLM > strings/0x409/manufacturer && echo 'Simulated token' > strings/0x409/product && echo 00C0FFEE > strings/0x409/serialnumber
            ln -s functions/ffs.token configs/c.1/
            mount -t functionfs token /tmp/ffs
            (offlm-card-simulator usb {Memory} /tmp/ffs {signingMilliseconds} > /tmp/token.out 2>&1 & echo $! > /tmp/token.pid)
            for i in $(seq 200); do grep -q ready /tmp/token.out && break; usleep 50000; done
            grep -q ready /tmp/token.out
            """);
        await PlugInAsync();
        await Until.TrueAsync(
            TimeSpan.FromSeconds(20), async () => (await guest.RunAsync("grep -qs 20a0 /sys/bus/usb/devices/*/idVendor")).Status == 0, () => "The kernel does not find the token.");
    }

    /// <summary>Plugs it in; the kernel needs a moment to find it.</summary>
    public Task PlugInAsync() => guest.ReadAsync($"echo dummy_udc.0 > {Gadget}/UDC");

    public Task UnplugAsync() => guest.ReadAsync($"echo '' > {Gadget}/UDC");

    /// <summary>Takes the token away altogether.</summary>
    public Task DetachAsync() => guest.RunAsync(
        $"""
        echo '' > {Gadget}/UDC
        kill -9 $(cat /tmp/token.pid)
        umount /tmp/ffs
        cd {Gadget} && rm configs/c.1/ffs.token && rmdir functions/ffs.token configs/c.1 strings/0x409 && cd / && rmdir {Gadget}
        rm -f /tmp/token*
        """);
}
