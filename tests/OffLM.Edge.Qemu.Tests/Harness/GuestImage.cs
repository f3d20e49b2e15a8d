namespace OffLM.Edge.Qemu.Tests.Harness;

/// <summary>What the guest boots, as <c>tests/qemu/build</c> made it.</summary>
internal static class GuestImage
{
    public static string Kernel => Path.Combine(Folder, "vmlinux");

    public static string Initramfs => Path.Combine(Folder, "initramfs.cpio");

    private static string Folder => Path.Combine(PublishedProgram.Repository, "artifacts", "qemu");

    /// <exception cref="InvalidOperationException">It is missing, or holds another program than the published one; says what to do.</exception>
    public static void RequireCurrent()
    {
        var held = Path.Combine(Folder, "published.sha256");
        if (!File.Exists(held) || File.ReadAllText(held) != File.ReadAllText(Path.Combine(PublishedProgram.Folder, ".sources.sha256")))
        {
            throw new InvalidOperationException($"{Initramfs} is missing or does not hold the published program. Run tests/qemu/build, or scripts/test --qemu, which does.");
        }
    }
}
