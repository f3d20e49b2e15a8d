using System.Buffers.Binary;
using System.Text;

namespace OffLM.Edge.Inference;

/// <summary>
/// Changes the end of a decoder's graph before it is loaded. Graphs mostly compute scores after each token of a prompt, for which a small model takes a
/// third of its time, though only those after the last are looked at: the changed one is told which are wanted. And it gives the largest of each
/// <see cref="LogitBlocks.Size"/> scores, found with all of its threads while they still have them at hand. Graphs that were written to give scores after
/// the last token only can check no guesses: they give them after any token then.
/// </summary>
/// <remarks>In protobuf, a message that comes twice is one with the fields of both: nodes, inputs and outputs are appended to the file's bytes. Only the
/// name of what the head multiplies is written over, with one of equal length, and a dimension.</remarks>
internal static class DecoderHead
{
    /// <summary>The added input: places of the tokens, among those of a run, whose scores are wanted.</summary>
    internal const string Wanted = "offlm.wanted";

    /// <summary>The added output: the largest of each block of scores.</summary>
    internal const string Maxima = "offlm.maxima";

    /// <summary>A file with its weights inside is not copied.</summary>
    private const int MostBytes = 64 << 20;

    /// <summary>Fewer scores are read faster than a node is run.</summary>
    private const int FewestForMaxima = 32 * 1024;

    /// <summary>From this version of the standard on, the axes of a reduction are an input.</summary>
    private const ulong AxesAreInput = 18;

    private const string Blocks = "offlm.blocks";
    private const string BlockShape = "offlm.blocks.shape";
    private const string BlockAxis = "offlm.blocks.axis";

    /// <summary>The numbers of fields in onnx.proto.</summary>
    private const int ModelGraph = 7, ModelOpset = 8, GraphNode = 1, GraphInitializer = 5, GraphInput = 11, GraphOutput = 12;

    /// <summary>Changes a file's bytes.</summary>
    /// <param name="path">The file.</param>
    /// <param name="logits">The output that has the scores.</param>
    /// <param name="vocabularySize">Scores of a token.</param>
    /// <returns>The changed graph; null if there is nothing to change, or its end is not of a kind that is known, or it is no graph: whoever loads it says so.</returns>
    internal static byte[]? Change(string path, string logits, int vocabularySize)
    {
        try
        {
            return new FileInfo(path).Length > MostBytes ? null : Change(File.ReadAllBytes(path), logits, vocabularySize);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            return null;
        }
    }

    private static byte[]? Change(byte[] model, string logits, int vocabularySize)
    {
        var fields = OnnxField.Of(model, 0, model.Length).ToList();
        if (fields.Count(f => f.Number == ModelGraph) != 1)
        {
            return null;
        }

        var graph = fields.Find(f => f.Number == ModelGraph).Inside(model).ToList();
        var added = new OnnxMessage();
        var changes = Choose(model, graph, logits, added);
        if (vocabularySize >= FewestForMaxima && vocabularySize % LogitBlocks.Size == 0 && IsFloat(model, graph, logits))
        {
            AddMaxima(added, logits, vocabularySize, axesAreInput: Version(model, fields) >= AxesAreInput);
            changes = true;
        }

        return changes ? [.. model, .. new OnnxMessage().Message(ModelGraph, added).ToArray()] : null;
    }

    /// <summary>Has the head multiply what is wanted only, if it is one product with a matrix: of all tokens' values, or of the last one's as the graph was
    /// written.</summary>
    private static bool Choose(byte[] model, List<OnnxField> graph, string logits, OnnxMessage added)
    {
        var (kind, inputs) = NodeOf(model, graph, logits);
        if (inputs.Count < 2 || !(kind == "MatMulNBits" || (kind == "MatMul" && IsMatrix(model, graph, inputs[1].Text(model)))))
        {
            return false;
        }

        var tokens = TokenDimension(model, graph, logits);
        var isLastOnly = tokens.Inside(model).Any(p => p is { Number: 1, Value: 1 });
        var all = isLastOnly ? BeforeLast(model, graph, inputs[0].Text(model)) : inputs[0].Text(model);
        if (all is null || Rename(model, inputs[0]) is not { } wanted)
        {
            return false;
        }

        if (isLastOnly)
        {
            // The output's dimension is no longer 1, but one without a name: a text of no length.
            (model[tokens.Start], model[tokens.Start + 1]) = (0x12, 0);
        }

        added.Message(GraphInput, OnnxMessage.Value(Wanted, OnnxMessage.Int64, OnnxMessage.Named("offlm.count")));
        added.Message(GraphNode, OnnxMessage.Node("Gather", wanted, all, Wanted).Attribute("axis", 1));
        return true;
    }

    private static bool IsMatrix(byte[] model, List<OnnxField> graph, string name)
    {
        var weights = graph.Find(f => f.Number == GraphInitializer && f.Inside(model).Any(p => p.Number == 8 && p.Text(model) == name));
        var dimensions = weights.Inside(model).Where(p => p.Number == 1).ToList();

        // A list of numbers is packed into one field, or has a field each.
        return dimensions.Count == 2 || (dimensions.Count == 1 && model[dimensions[0].Start..dimensions[0].End].Count(b => b < 0x80) == 2);
    }

    /// <summary>The kind and the inputs of the node that computes a value; nothing if none does.</summary>
    private static (string Kind, List<OnnxField> Inputs) NodeOf(byte[] model, List<OnnxField> graph, string value)
    {
        var parts = graph.Find(f => f.Number == GraphNode && f.Inside(model).Any(p => p.Number == 2 && p.Text(model) == value)).Inside(model).ToList();
        return (parts.Find(p => p.Number == 4).Text(model), parts.FindAll(p => p.Number == 1));
    }

    /// <summary>What the graph says of an output's tensor.</summary>
    private static IEnumerable<OnnxField> OutputTensor(byte[] model, List<OnnxField> graph, string name)
    {
        var output = graph.Find(f => f.Number == GraphOutput && f.Inside(model).Any(p => p.Number == 1 && p.Text(model) == name));
        return output.Inside(model).Where(p => p.Number == 2)
            .SelectMany(type => type.Inside(model)).Where(p => p.Number == 1)
            .SelectMany(tensor => tensor.Inside(model));
    }

    private static bool IsFloat(byte[] model, List<OnnxField> graph, string output) =>
        OutputTensor(model, graph, output).Any(p => p is { Number: 1, Value: OnnxMessage.Float });

    /// <summary>The output's dimension that counts tokens.</summary>
    private static OnnxField TokenDimension(byte[] model, List<OnnxField> graph, string logits)
    {
        var dimensions = OutputTensor(model, graph, logits).Where(p => p.Number == 2)
            .SelectMany(shape => shape.Inside(model)).Where(p => p.Number == 1).ToList();
        return dimensions.Count == 3 ? dimensions[1] : default;
    }

    /// <summary>What the last token's value was taken from.</summary>
    /// <returns>Null if it was taken in a way that is not known.</returns>
    private static string? BeforeLast(byte[] model, List<OnnxField> graph, string last)
    {
        var (kind, inputs) = NodeOf(model, graph, last);
        if (kind != "Unsqueeze" || inputs.Count == 0)
        {
            return null;
        }

        (kind, inputs) = NodeOf(model, graph, inputs[0].Text(model));
        return kind == "Gather" && inputs.Count == 2 && IsMinusOne(model, graph, inputs[1].Text(model)) ? inputs[0].Text(model) : null;
    }

    private static bool IsMinusOne(byte[] model, List<OnnxField> graph, string name)
    {
        var constant = graph.Find(f => f.Number == GraphInitializer && f.Inside(model).Any(p => p.Number == 8 && p.Text(model) == name));
        var bytes = constant.Inside(model).FirstOrDefault(p => p.Number == 9);
        return bytes.End - bytes.Start == sizeof(long) && BinaryPrimitives.ReadInt64LittleEndian(model.AsSpan(bytes.Start)) == -1;
    }

    /// <summary>Writes a name over with one that the graph doesn't have.</summary>
    /// <returns>The new name; null if there is none.</returns>
    private static string? Rename(byte[] model, OnnxField name)
    {
        var old = model.AsSpan(name.Start..name.End);
        Span<byte> changed = old.ToArray();
        for (var letter = (byte)'A'; letter <= 'Z' && !changed.IsEmpty; letter++)
        {
            changed[^1] = letter;
            if (model.AsSpan().IndexOf(changed) < 0)
            {
                changed.CopyTo(old);
                return Encoding.UTF8.GetString(changed);
            }
        }

        return null;
    }

    private static void AddMaxima(OnnxMessage added, string logits, int vocabularySize, bool axesAreInput)
    {
        // Zeros are dimensions that stay as they are.
        added.Message(GraphInitializer, OnnxMessage.Constant(BlockShape, 0, 0, vocabularySize / LogitBlocks.Size, LogitBlocks.Size));
        added.Message(GraphNode, OnnxMessage.Node("Reshape", Blocks, logits, BlockShape));
        if (axesAreInput)
        {
            added.Message(GraphInitializer, OnnxMessage.Constant(BlockAxis, 3));
            added.Message(GraphNode, OnnxMessage.Node("ReduceMax", Maxima, Blocks, BlockAxis).Attribute("keepdims", 0));
        }
        else
        {
            added.Message(GraphNode, OnnxMessage.Node("ReduceMax", Maxima, Blocks).Attribute("keepdims", 0).ListAttribute("axes", 3));
        }

        added.Message(GraphOutput, OnnxMessage.Value(
            Maxima, OnnxMessage.Float, OnnxMessage.Named("offlm.rows"), OnnxMessage.Named("offlm.tokens"), OnnxMessage.Fixed(vocabularySize / LogitBlocks.Size)));
    }

    /// <summary>The version of the ONNX standard that the graph is written in.</summary>
    private static ulong Version(byte[] model, List<OnnxField> fields)
    {
        foreach (var opset in fields.Where(f => f.Number == ModelOpset))
        {
            var parts = opset.Inside(model).ToList();
            if (parts.TrueForAll(p => p.Number != 1 || p.Text(model) is "" or "ai.onnx"))
            {
                return parts.Find(p => p.Number == 2).Value;
            }
        }

        return 0;
    }
}
