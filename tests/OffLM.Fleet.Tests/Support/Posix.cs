using System.Runtime.InteropServices;

namespace OffLM.Fleet.Tests.Support;

/// <summary>What .NET has no words for.</summary>
internal static partial class Posix
{
    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    public static partial int Kill(int process, int signal);
}
