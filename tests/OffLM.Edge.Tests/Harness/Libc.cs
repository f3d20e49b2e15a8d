using System.Runtime.InteropServices;

namespace OffLM.Edge.Tests.Harness;

/// <summary>What .NET has no words for.</summary>
internal static partial class Libc
{
    public const int Sigkill = 9;
    public const int Sigterm = 15;

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    public static partial int Kill(int process, int signal);
}
