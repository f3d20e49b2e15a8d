using System.Text;

namespace OffLM.Edge.Inference;

/// <summary>Finds out which operators a graph is made of, from its file alone (ModelProto in onnx.proto): weights are skipped, nothing is loaded.</summary>
internal static class OnnxOperators
{
    private const int ModelGraph = 7;
    private const int GraphNode = 1;
    private const int NodeOperator = 4;

    /// <summary>The operators' names, without their domains.</summary>
    /// <exception cref="InvalidDataException">It is no ONNX file.</exception>
    internal static IReadOnlySet<string> Read(string path)
    {
        using var file = new BufferedStream(File.OpenRead(path));
        var operators = new HashSet<string>(StringComparer.Ordinal);
        ReadFields(file, file.Length, ModelGraph, graphEnd => ReadFields(file, graphEnd, GraphNode, nodeEnd => ReadFields(file, nodeEnd, NodeOperator, end =>
        {
            var name = new byte[end - file.Position];
            file.ReadExactly(name);
            operators.Add(Encoding.UTF8.GetString(name));
        })));
        return operators;
    }

    /// <summary>Passes over a message's fields and stops at those of one number, which hold bytes.</summary>
    private static void ReadFields(Stream file, long end, int wanted, Action<long> read)
    {
        while (file.Position < end)
        {
            var tag = ReadVarint(file);
            switch (tag & 7)
            {
                case 0:
                    ReadVarint(file);
                    break;
                case 1:
                    file.Seek(8, SeekOrigin.Current);
                    break;
                case 5:
                    file.Seek(4, SeekOrigin.Current);
                    break;
                case 2:
                    var length = ReadVarint(file);
                    var fieldEnd = length <= (ulong)Math.Max(end - file.Position, 0) ? file.Position + (long)length : throw Broken();
                    if (tag >> 3 == (ulong)wanted)
                    {
                        read(fieldEnd);
                    }

                    file.Seek(fieldEnd, SeekOrigin.Begin);
                    break;
                default:
                    throw Broken();
            }
        }
    }

    private static ulong ReadVarint(Stream file)
    {
        var value = 0UL;
        for (var shift = 0; shift < 64; shift += 7)
        {
            var next = file.ReadByte();
            if (next < 0)
            {
                break;
            }

            value |= ((ulong)next & 0x7F) << shift;
            if (next < 0x80)
            {
                return value;
            }
        }

        throw Broken();
    }

    private static InvalidDataException Broken() => new("The file is no ONNX model.");
}
