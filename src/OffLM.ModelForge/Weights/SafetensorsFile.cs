using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace OffLM.ModelForge.Weights;

/// <summary>
/// Tensors of 32-bit floats in a file of the safetensors format: eight bytes that say how long the header is, the header as JSON, the tensors.
/// </summary>
internal sealed class SafetensorsFile
{
    private readonly string _path;
    private readonly byte[] _bytes;
    private readonly int _data;
    private readonly Dictionary<string, (long[] Shape, int Begin, int End)> _tensors = [];

    /// <summary>Reads a file, which must fit memory.</summary>
    /// <exception cref="RecipeException">It is no such file, or has tensors of other types.</exception>
    /// <exception cref="IOException">It can't be read.</exception>
    public SafetensorsFile(string path)
    {
        _path = path;
        _bytes = File.ReadAllBytes(path);
        try
        {
            var header = checked((int)BinaryPrimitives.ReadUInt64LittleEndian(_bytes));
            _data = sizeof(ulong) + header;
            using var json = JsonDocument.Parse(_bytes.AsMemory(sizeof(ulong), header));
            foreach (var tensor in json.RootElement.EnumerateObject())
            {
                if (tensor.Name != "__metadata__")
                {
                    _tensors.Add(tensor.Name, ReadEntry(tensor));
                }
            }
        }
        catch (Exception e) when (e is JsonException or ArgumentException or OverflowException or InvalidOperationException or KeyNotFoundException)
        {
            throw new RecipeException($"{path} is not a safetensors file of 32-bit floats ({e.Message.TrimEnd('.')})");
        }
    }

    /// <summary>A tensor's values, row by row.</summary>
    /// <exception cref="RecipeException">It is not there, or has another shape.</exception>
    public ReadOnlySpan<float> Values(string name, params ReadOnlySpan<long> shape)
    {
        if (!_tensors.TryGetValue(name, out var tensor))
        {
            throw new RecipeException($"{_path} has no tensor '{name}'; it must hold a Qwen2-style model with the names that Hugging Face uses");
        }

        return tensor.Shape.AsSpan().SequenceEqual(shape)
            ? MemoryMarshal.Cast<byte, float>(_bytes.AsSpan(_data)[tensor.Begin..tensor.End])
            : throw new RecipeException(
                $"{_path}: '{name}' has the shape [{string.Join(", ", tensor.Shape)}]; [{string.Join(", ", shape.ToArray())}] was expected");
    }

    private static (long[] Shape, int Begin, int End) ReadEntry(JsonProperty tensor)
    {
        if (tensor.Value.GetProperty("dtype").GetString() is not "F32" and var type)
        {
            throw new ArgumentException($"'{tensor.Name}' is of type {type}");
        }

        long[] shape = [.. tensor.Value.GetProperty("shape").EnumerateArray().Select(length => length.GetInt64())];
        var offsets = tensor.Value.GetProperty("data_offsets");
        var (begin, end) = (offsets[0].GetInt32(), offsets[1].GetInt32());
        return end - begin == shape.Aggregate(sizeof(float), (long bytes, long length) => bytes * length)
            ? (shape, begin, end)
            : throw new ArgumentException($"'{tensor.Name}' is not as long as its shape says");
    }
}
