using System.Runtime.InteropServices;
using System.Text;

namespace OffLM.Mqtt.Interop.Paho;

/// <summary>Native copies of what one call passes; the library copies them again before the call returns.</summary>
internal unsafe ref struct NativeArena : IDisposable
{
    private readonly List<nint> _blocks;

    public NativeArena() => _blocks = [];

    /// <summary>A terminated string; null stays null.</summary>
    public readonly byte* Text(string? text)
    {
        if (text is null)
        {
            return null;
        }

        var bytes = Allocate(Encoding.UTF8.GetMaxByteCount(text.Length) + 1, out var room);
        bytes[Encoding.UTF8.GetBytes(text, room)] = 0;
        return bytes;
    }

    public readonly NativeString Counted(string text)
    {
        var bytes = Allocate(Encoding.UTF8.GetMaxByteCount(text.Length) + 1, out var room);
        return new NativeString { Length = Encoding.UTF8.GetBytes(text, room), Data = bytes };
    }

    public readonly NativeString Counted(ReadOnlySpan<byte> data)
    {
        var bytes = Allocate(data.Length + 1, out var room);
        data.CopyTo(room);
        return new NativeString { Length = data.Length, Data = bytes };
    }

    public readonly void Dispose()
    {
        foreach (var block in _blocks)
        {
            NativeMemory.Free((void*)block);
        }
    }

    private readonly byte* Allocate(int size, out Span<byte> room)
    {
        var bytes = (byte*)NativeMemory.AllocZeroed((nuint)size);
        _blocks.Add((nint)bytes);
        room = new Span<byte>(bytes, size);
        return bytes;
    }
}
