using System.Runtime.InteropServices;

namespace OffLM.Edge.Inference.Interop.GenAi;

/// <summary>An object of the library that one call destroys.</summary>
internal abstract class GenAiHandle() : SafeHandle(0, ownsHandle: true)
{
    public sealed override bool IsInvalid => handle == 0;

    protected sealed override bool ReleaseHandle()
    {
        Destroy(handle);
        return true;
    }

    protected abstract void Destroy(nint address);
}

internal sealed class ConfigHandle : GenAiHandle
{
    protected override void Destroy(nint address) => NativeMethods.OgaDestroyConfig(address);
}

internal sealed class ModelHandle : GenAiHandle
{
    protected override void Destroy(nint address) => NativeMethods.OgaDestroyModel(address);
}

internal sealed class GeneratorParamsHandle : GenAiHandle
{
    protected override void Destroy(nint address) => NativeMethods.OgaDestroyGeneratorParams(address);
}

internal sealed class GeneratorHandle : GenAiHandle
{
    protected override void Destroy(nint address) => NativeMethods.OgaDestroyGenerator(address);
}

internal sealed class TokenizerHandle : GenAiHandle
{
    protected override void Destroy(nint address) => NativeMethods.OgaDestroyTokenizer(address);
}

internal sealed class TokenizerStreamHandle : GenAiHandle
{
    protected override void Destroy(nint address) => NativeMethods.OgaDestroyTokenizerStream(address);
}

internal sealed class SequencesHandle : GenAiHandle
{
    protected override void Destroy(nint address) => NativeMethods.OgaDestroySequences(address);
}
