using System.Buffers.Binary;
using System.Text;
using OffLM.ModelForge.Onnx;

namespace OffLM.ModelForge.Files;

/// <summary>ONNX Runtime's adapter file: a FlatBuffer with the identifier TORT (onnxruntime/lora/adapter_format/adapter_schema.fbs), written front to back.</summary>
/// <param name="half">Whether its numbers are 16-bit floats; else they have 32 bits.</param>
internal sealed class AdapterFile(bool half)
{
    private readonly List<byte> _bytes = [];
    private readonly List<(string Name, int Rows, int Columns, Func<float> Next)> _matrices = [];

    /// <summary>Adds a matrix, row by row.</summary>
    public void Add(string name, int rows, int columns, Func<float> next) => _matrices.Add((name, rows, columns, next));

    /// <summary>Creates or replaces the file.</summary>
    public void Write(string path)
    {
        var root = Reserve();
        _bytes.AddRange("TORT"u8);
        var table = Table();
        Point(root, table);
        Integers(1, 1, 1);
        var list = Reserve();
        Point(list, Begin(sizeof(int)));
        Integers(_matrices.Count);
        var slots = _matrices.ConvertAll(_ => Reserve());
        for (var i = 0; i < slots.Count; i++)
        {
            Write(slots[i], _matrices[i]);
        }

        File.WriteAllBytes(path, [.. _bytes]);
    }

    private void Write(int slot, (string Name, int Rows, int Columns, Func<float> Next) matrix)
    {
        Point(slot, Table());
        var (name, dimensions) = (Reserve(), Reserve());
        Integers((int)(half ? ElementType.Float16 : ElementType.Float));
        var data = Reserve();
        Point(name, Begin(sizeof(int)));
        Integers(Encoding.UTF8.GetByteCount(matrix.Name));
        _bytes.AddRange([.. Encoding.UTF8.GetBytes(matrix.Name), 0]);
        Point(dimensions, Begin(sizeof(long), sizeof(int)));
        Integers(2, matrix.Rows, 0, matrix.Columns, 0);
        Point(data, Begin(sizeof(long), sizeof(int)));
        Integers(matrix.Rows * matrix.Columns * (half ? sizeof(short) : sizeof(float)));
        for (var i = 0; i < matrix.Rows * matrix.Columns; i++)
        {
            _bytes.AddRange(half ? BitConverter.GetBytes((Half)matrix.Next()) : BitConverter.GetBytes(matrix.Next()));
        }
    }

    /// <summary>A table of four fields of four bytes each, with its directory before it.</summary>
    private int Table()
    {
        var directory = Begin(sizeof(short));
        foreach (ushort entry in (ushort[])[12, 20, 4, 8, 12, 16])
        {
            _bytes.AddRange([(byte)entry, (byte)(entry >> 8)]);
        }

        var table = Begin(sizeof(int));
        Integers(table - directory);
        return table;
    }

    /// <summary>Where the next thing begins, so that what is so many bytes behind that is aligned.</summary>
    private int Begin(int alignment, int behind = 0)
    {
        while ((_bytes.Count + behind) % alignment != 0)
        {
            _bytes.Add(0);
        }

        return _bytes.Count;
    }

    private int Reserve()
    {
        Integers(0);
        return _bytes.Count - sizeof(int);
    }

    private void Point(int from, int to)
    {
        Span<byte> offset = stackalloc byte[sizeof(int)];
        BinaryPrimitives.WriteInt32LittleEndian(offset, to - from);
        for (var i = 0; i < offset.Length; i++)
        {
            _bytes[from + i] = offset[i];
        }
    }

    private void Integers(params ReadOnlySpan<int> values)
    {
        Span<byte> bytes = stackalloc byte[sizeof(int)];
        foreach (var value in values)
        {
            BinaryPrimitives.WriteInt32LittleEndian(bytes, value);
            _bytes.AddRange(bytes);
        }
    }
}
