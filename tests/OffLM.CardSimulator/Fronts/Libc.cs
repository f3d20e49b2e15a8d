using System.Runtime.InteropServices;

namespace OffLM.CardSimulator.Fronts;

/// <summary>libc's file calls, <c>read(2)</c> and its like: FunctionFS gives a meaning to calls without data, which .NET's files leave out.</summary>
internal static unsafe partial class Libc
{
    private const int ReadWrite = 2;

    /// <exception cref="IOException">The file can't be opened.</exception>
    public static int Open(string path) => open(path, ReadWrite) is >= 0 and var file ? file : throw new IOException($"{path}: {Marshal.GetLastPInvokeErrorMessage()}");

    /// <returns>How many bytes came; −1 for an error.</returns>
    public static int Read(int file, Span<byte> buffer)
    {
        fixed (byte* data = buffer)
        {
            return (int)read(file, data, (nuint)buffer.Length);
        }
    }

    /// <returns>How many bytes went; −1 for an error.</returns>
    public static int Write(int file, ReadOnlySpan<byte> bytes)
    {
        fixed (byte* data = bytes)
        {
            return (int)write(file, data, (nuint)bytes.Length);
        }
    }

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int open(string path, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint read(int file, byte* buffer, nuint count);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint write(int file, byte* buffer, nuint count);
}
