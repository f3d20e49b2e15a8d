using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;

namespace OffLM.Edge.Bench.Llama;

/// <summary>Writes GGUF version 3 (docs/gguf.md of ggml): what the file says of itself, a table of tensors, and their bytes, each aligned.</summary>
internal sealed class GgufWriter
{
    public const uint Alignment = 32;

    private const uint Version = 3;

    /// <summary>Types of values.</summary>
    private const uint UnsignedNumber = 4;
    private const uint RealNumber = 6;
    private const uint Characters = 8;

    /// <summary>Types of tensors: GGML_TYPE_F32 and GGML_TYPE_Q4_0.</summary>
    private const uint Single = 0;
    private const uint FourBits = 2;

    /// <summary>A Q4_0 block: a half-precision scale, then two weights a byte, each 8 more than its multiple of the scale.</summary>
    private const int BlockWeights = 32;
    private const int BlockBytes = 2 + (BlockWeights / 2);

    /// <summary>What the weights' multiples, −7 to 7 with 0 twice as often, deviate by.</summary>
    private const double Deviation = 4.2;

    private readonly MemoryStream _values = new();
    private readonly MemoryStream _tensors = new();
    private readonly List<Action<Stream>> _contents = [];
    private readonly Random _random = new(1);
    private ulong _valueCount;
    private ulong _length;

    public GgufWriter Text(string name, string value)
    {
        Value(name, Characters);
        Put(_values, value);
        return this;
    }

    public GgufWriter Number(string name, uint value)
    {
        Value(name, UnsignedNumber);
        Put(_values, value);
        return this;
    }

    public GgufWriter Number(string name, float value)
    {
        Value(name, RealNumber);
        Put(_values, BitConverter.SingleToUInt32Bits(value));
        return this;
    }

    /// <summary>Random weights in Q4_0 that keep the size of what they multiply.</summary>
    /// <param name="name">The tensor's.</param>
    /// <param name="inputs">A multiple of 32.</param>
    /// <param name="outputs">Rows.</param>
    public GgufWriter Matrix(string name, int inputs, int outputs)
    {
        var rowBytes = inputs / BlockWeights * BlockBytes;
        Tensor(name, FourBits, (ulong)rowBytes * (ulong)outputs, inputs, outputs);
        _contents.Add(stream =>
        {
            var scale = (Half)(1 / Math.Sqrt(inputs) / Deviation);
            var row = new byte[rowBytes];
            for (var i = 0; i < outputs; i++)
            {
                _random.NextBytes(row);
                for (var block = 0; block < rowBytes; block += BlockBytes)
                {
                    BinaryPrimitives.WriteHalfLittleEndian(row.AsSpan(block), scale);
                    foreach (ref var pair in row.AsSpan(block + 2, BlockBytes - 2))
                    {
                        // Without −8 the weights' mean is 0.
                        pair |= (byte)((pair & 0x0F) == 0 ? 0x08 : 0);
                        pair |= (byte)((pair & 0xF0) == 0 ? 0x80 : 0);
                    }
                }

                stream.Write(row);
            }
        });
        return this;
    }

    public GgufWriter Ones(string name, int length) => Vector(name, length, () => 1);

    /// <summary>Random numbers around 0.</summary>
    public GgufWriter Random(string name, int length) => Vector(name, length, () => (_random.NextSingle() - 0.5f) / 5);

    public void Write(string path)
    {
        using var file = File.Create(path);
        file.Write("GGUF"u8);
        Put(file, Version);
        Put(file, (ulong)_contents.Count);
        Put(file, _valueCount);
        _values.WriteTo(file);
        _tensors.WriteTo(file);
        foreach (var content in _contents)
        {
            Align(file);
            content(file);
        }

        Align(file);
    }

    private GgufWriter Vector(string name, int length, Func<float> value)
    {
        Tensor(name, Single, (ulong)length * sizeof(float), length);
        _contents.Add(stream =>
        {
            var values = new float[length];
            for (var i = 0; i < length; i++)
            {
                values[i] = value();
            }

            stream.Write(MemoryMarshal.AsBytes<float>(values));
        });
        return this;
    }

    private void Value(string name, uint type)
    {
        Put(_values, name);
        Put(_values, type);
        _valueCount++;
    }

    private void Tensor(string name, uint type, ulong bytes, params ReadOnlySpan<int> dimensions)
    {
        Put(_tensors, name);
        Put(_tensors, (uint)dimensions.Length);
        foreach (var dimension in dimensions)
        {
            Put(_tensors, (ulong)dimension);
        }

        Put(_tensors, type);
        Put(_tensors, _length);
        _length += (bytes + Alignment - 1) / Alignment * Alignment;
    }

    private static void Align(Stream stream) => stream.Write(new byte[(Alignment - (stream.Position % Alignment)) % Alignment]);

    private static void Put(Stream stream, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        Put(stream, (ulong)bytes.Length);
        stream.Write(bytes);
    }

    private static void Put(Stream stream, uint number)
    {
        Span<byte> bytes = stackalloc byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, number);
        stream.Write(bytes);
    }

    private static void Put(Stream stream, ulong number)
    {
        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, number);
        stream.Write(bytes);
    }
}
