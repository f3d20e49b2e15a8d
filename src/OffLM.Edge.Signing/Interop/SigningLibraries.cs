using System.Reflection;
using System.Runtime.InteropServices;

namespace OffLM.Edge.Signing.Interop;

/// <summary>Where this assembly's native libraries are: beside the program first, then the system's. Their names differ by distribution.</summary>
internal static class SigningLibraries
{
    private static readonly Lock Gate = new();
    private static bool _registered;

    /// <summary>Has this assembly's libraries looked up here, each at its first call.</summary>
    public static void Register()
    {
        lock (Gate)
        {
            if (!_registered)
            {
                NativeLibrary.SetDllImportResolver(typeof(SigningLibraries).Assembly, (name, _, _) => Resolve(name));
                _registered = true;
            }
        }
    }

    private static nint Resolve(string name) => name switch
    {
        // The functions that are used here are the same in all versions.
        Secp256k1.NativeMethods.Library => Load("libsecp256k1-1 (libsecp256k1-0 on older systems)", "libsecp256k1.so.2", "libsecp256k1.so.1", "libsecp256k1.so.0", "libsecp256k1.so"),
        Libusb.NativeMethods.Library => LoadLibusb(),
        _ => 0,
    };

    /// <summary>libusb hears of devices from libudev. The system's is the one that fits the system's udev; the copy serves where there is none.</summary>
    private static nint LoadLibusb()
    {
        if (!NativeLibrary.TryLoad("libudev.so.1", out _))
        {
            _ = NativeLibrary.TryLoad(Path.Combine(AppContext.BaseDirectory, "libudev.so.1"), out _);
        }

        return Load("libusb-1.0-0", "libusb-1.0.so.0");
    }

    private static nint Load(string package, params ReadOnlySpan<string> files)
    {
        foreach (var folder in (string[])[AppContext.BaseDirectory, ""])
        {
            foreach (var file in files)
            {
                if (NativeLibrary.TryLoad(Path.Combine(folder, file), out var handle))
                {
                    return handle;
                }
            }
        }

        throw new DllNotFoundException($"{files[0]} was not found beside the program or on the system. Install the package {package}.");
    }
}
