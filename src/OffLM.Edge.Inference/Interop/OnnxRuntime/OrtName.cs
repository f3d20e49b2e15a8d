using System.Runtime.CompilerServices;
using System.Text;

namespace OffLM.Edge.Inference.Interop.OnnxRuntime;

/// <summary>A name as the library takes it, kept where the garbage collector doesn't move it, so that binding it costs nothing.</summary>
internal sealed unsafe class OrtName
{
    private readonly byte[] _text;

    internal OrtName(string name)
    {
        Text = name;
        _text = GC.AllocateArray<byte>(Encoding.UTF8.GetByteCount(name) + 1, pinned: true);
        Encoding.UTF8.GetBytes(name, _text);
    }

    internal string Text { get; }

    /// <summary>UTF-8, ended by a zero. Valid as long as this object.</summary>
    internal byte* Address => (byte*)Unsafe.AsPointer(ref _text[0]);
}
