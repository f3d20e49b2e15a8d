using OffLM.Edge.Inference.Interop.LibC;
using OffLM.Edge.Inference.Interop.OnnxRuntime;

namespace OffLM.Edge.Inference;

/// <summary>
/// The keys and values of all sequences, cut into rows: a tensor [rows, heads, length, head size] for each layer's keys and each layer's values.
/// Neighbouring rows are one tensor to the graph, so that sequences that are stepped together must stand side by side: they are moved for it.
/// Memory is taken as tokens come, and given back with the row. On a device it is taken at once, and rows stay where they are: nothing here can move them.
/// </summary>
internal sealed unsafe class KeyValueCache : IDisposable
{
    /// <summary>Rows begin at pages, whatever the head's size.</summary>
    internal const int LengthStep = 256;

    private readonly AnonymousMemory? _own;
    private readonly OrtDeviceMemory? _device;
    private readonly byte[] _swap;
    private readonly long[] _stamps;
    private readonly int _heads;

    /// <summary>Of one head.</summary>
    private readonly int _tokenBytes;

    /// <param name="layers">Each with keys and values.</param>
    /// <param name="heads">Key and value heads.</param>
    /// <param name="headSize">Elements of one head's key.</param>
    /// <param name="rows">Sequences.</param>
    /// <param name="length">Tokens of the longest sequence.</param>
    /// <param name="type">Of an element: a float of 32 or 16 bits.</param>
    /// <param name="device">Takes so many bytes of a device's memory; null for memory of this process.</param>
    /// <exception cref="InferenceException">There is not so much.</exception>
    internal KeyValueCache(
        int layers, int heads, int headSize, int rows, int length, OrtElementType type = OrtElementType.Float, Func<long, OrtDeviceMemory>? device = null)
    {
        (Layers, Rows, ContextLength, _heads, _tokenBytes, Type) = (layers, rows, length, heads, headSize * OrtTensor.BytesOf(type), type);
        Length = (length + LengthStep - 1) / LengthStep * LengthStep;
        _swap = new byte[_tokenBytes * LengthStep];
        _stamps = new long[rows];
        var bytes = 2L * layers * rows * TensorRowBytes;
        _device = device?.Invoke(bytes);
        _own = _device is null ? new AnonymousMemory(bytes) : null;
    }

    /// <summary>Where it lies.</summary>
    internal MemoryInfoHandle Memory => _device?.Info ?? OrtEnvironment.Instance.CpuMemory;

    /// <summary>Whether it lies where this process can't reach it.</summary>
    internal bool IsOnDevice => _device is not null;

    internal OrtElementType Type { get; }

    internal int Layers { get; }

    internal int Rows { get; }

    /// <summary>Tokens that a sequence may have; a row has room for a few more.</summary>
    internal int ContextLength { get; }

    /// <summary>Tokens that a row has room for: the tensors' third dimension.</summary>
    internal int Length { get; }

    /// <summary>What a token takes in all layers.</summary>
    internal long BytesPerToken => 2L * Layers * _heads * _tokenBytes;

    /// <summary>What a row takes when it is full.</summary>
    internal static long RowBytes(int layers, int heads, int headSize, int length, OrtElementType type = OrtElementType.Float) =>
        2L * layers * heads * headSize * length * OrtTensor.BytesOf(type);

    private long TensorRowBytes => (long)_heads * Length * _tokenBytes;

    internal void* Keys(int layer, int row) => Tensor(2 * layer, row);

    internal void* Values(int layer, int row) => Tensor((2 * layer) + 1, row);

    /// <summary>One of the tensors, from a row on: keys and values of one layer after the other.</summary>
    internal byte* Tensor(int tensor, int row) => (_device is null ? _own!.Address : _device.Address) + ((((long)tensor * Rows) + row) * TensorRowBytes);

    /// <summary>Changes whenever tokens come into a row that were computed in none or another.</summary>
    internal long Stamp(int row) => _stamps[row];

    /// <summary>Exchanges two rows' first tokens; a row without tokens just gets the other's.</summary>
    /// <exception cref="NotSupportedException">It lies on a device.</exception>
    internal void Swap(int rowA, int tokensA, int rowB, int tokensB)
    {
        RequireReach();
        _stamps[rowA]++;
        _stamps[rowB]++;
        for (var tensor = 0; tensor < 2 * Layers; tensor++)
        {
            for (var head = 0; head < _heads; head++)
            {
                var offset = (long)head * Length * _tokenBytes;
                SwapHead(Tensor(tensor, rowA) + offset, tokensA * _tokenBytes, Tensor(tensor, rowB) + offset, tokensB * _tokenBytes);
            }
        }
    }

    /// <summary>Copies some tokens' keys and values from one row to the same place in another.</summary>
    /// <exception cref="NotSupportedException">It lies on a device.</exception>
    internal void Copy(int from, int to, int firstToken, int tokens)
    {
        RequireReach();
        _stamps[to]++;
        for (var tensor = 0; tensor < 2 * Layers; tensor++)
        {
            for (var head = 0; head < _heads; head++)
            {
                var offset = (((long)head * Length) + firstToken) * _tokenBytes;
                new ReadOnlySpan<byte>(Tensor(tensor, from) + offset, tokens * _tokenBytes).CopyTo(new Span<byte>(Tensor(tensor, to) + offset, tokens * _tokenBytes));
            }
        }
    }

    /// <summary>Gives a row's memory back to the system; a device's is kept.</summary>
    internal void Release(int row)
    {
        _stamps[row]++;
        for (var tensor = 0; _own is not null && tensor < 2 * Layers; tensor++)
        {
            _own.Release(Tensor(tensor, row) - _own.Address, TensorRowBytes);
        }
    }

    public void Dispose()
    {
        _own?.Dispose();
        _device?.Dispose();
    }

    private void RequireReach()
    {
        if (IsOnDevice)
        {
            throw new NotSupportedException("A cache on a device can't be moved from here.");
        }
    }

    private void SwapHead(byte* a, int countA, byte* b, int countB)
    {
        if (countA == 0 || countB == 0)
        {
            new ReadOnlySpan<byte>(a, countA).CopyTo(new Span<byte>(b, countA));
            new ReadOnlySpan<byte>(b, countB).CopyTo(new Span<byte>(a, countB));
            return;
        }

        var (count, part) = (Math.Max(countA, countB), 0);
        for (var done = 0; done < count; done += part)
        {
            part = Math.Min(_swap.Length, count - done);
            var partA = new Span<byte>(a + done, part);
            var partB = new Span<byte>(b + done, part);
            partA.CopyTo(_swap);
            partB.CopyTo(partA);
            _swap.AsSpan(0, part).CopyTo(partB);
        }
    }
}
