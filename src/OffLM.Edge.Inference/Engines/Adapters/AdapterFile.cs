using System.Buffers.Binary;
using System.Text;
using OffLM.Edge.Inference.Interop.OnnxRuntime;

namespace OffLM.Edge.Inference;

/// <summary>
/// Reads ONNX Runtime's adapter files: a FlatBuffer with the identifier TORT, whose root table has format version, adapter version, model version and
/// parameters, each of a name, dimensions, an element type and raw data (onnxruntime/lora/adapter_format/adapter_schema.fbs). The library's own reader
/// serves runs without bound inputs only.
/// </summary>
internal ref struct AdapterFile(ReadOnlySpan<byte> bytes)
{
    private const int Parameters = 3;
    private const int Name = 0;
    private const int Dimensions = 1;
    private const int ElementType = 2;
    private const int Data = 3;

    private readonly ReadOnlySpan<byte> _bytes = bytes;

    /// <exception cref="InvalidDataException">It is no adapter file.</exception>
    internal readonly List<AdapterParameter> Read()
    {
        if (_bytes.Length < 8 || !_bytes[4..8].SequenceEqual("TORT"u8))
        {
            throw Broken("it does not begin as one");
        }

        var parameters = new List<AdapterParameter>();
        var list = Follow(Field(Follow(0), Parameters));
        var count = Integer(list);
        for (var i = 0; i < count; i++)
        {
            parameters.Add(Parameter(Follow(list + 4 + (4 * i))));
        }

        return parameters;
    }

    private readonly AdapterParameter Parameter(int table)
    {
        var (name, dimensions, data) = (Follow(Field(table, Name)), Follow(Field(table, Dimensions)), Follow(Field(table, Data)));
        var numbers = At(dimensions + 4, checked(8 * Integer(dimensions)));
        var shape = new long[numbers.Length / 8];
        var elements = 1L;
        for (var i = 0; i < shape.Length; i++)
        {
            shape[i] = BinaryPrimitives.ReadInt64LittleEndian(numbers[(8 * i)..]);
            elements = checked(elements * shape[i]);
        }

        var type = (OrtElementType)Integer(Field(table, ElementType));
        var parameter = new AdapterParameter(Encoding.UTF8.GetString(At(name + 4, Integer(name))), shape, type, data + 4);
        return type is OrtElementType.Float or OrtElementType.Float16 && Integer(data) == elements * OrtTensor.BytesOf(type)
            && At(parameter.Offset, Integer(data)).Length >= 0
            ? parameter
            : throw Broken($"its {parameter.Name} is not float32 or float16 of its dimensions");
    }

    /// <summary>Where a table has a field.</summary>
    private readonly int Field(int table, int index)
    {
        var directory = table - Integer(table);
        var offset = 4 + (2 * index) < BinaryPrimitives.ReadUInt16LittleEndian(At(directory, 2)) ? BinaryPrimitives.ReadUInt16LittleEndian(At(directory + 4 + (2 * index), 2)) : 0;
        return offset > 0 ? table + offset : throw Broken("it lacks a field");
    }

    private readonly int Follow(int position) => checked(position + Integer(position));

    private readonly int Integer(int position) => BinaryPrimitives.ReadInt32LittleEndian(At(position, 4));

    private readonly ReadOnlySpan<byte> At(int position, int length) =>
        position >= 0 && length >= 0 && position <= _bytes.Length - length ? _bytes.Slice(position, length) : throw Broken("it ends early");

    private static InvalidDataException Broken(string why) => new($"its adapter file is not one of ONNX Runtime's: {why}.");
}

/// <summary>A matrix that an adapter gives to the graph.</summary>
/// <param name="Name">The graph's input.</param>
/// <param name="Shape">Its dimensions.</param>
/// <param name="Type">Of its numbers: floats of 32 or 16 bits.</param>
/// <param name="Offset">Where they begin in the file.</param>
internal sealed record AdapterParameter(string Name, IReadOnlyList<long> Shape, OrtElementType Type, int Offset);
