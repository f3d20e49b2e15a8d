namespace OffLM.Edge.Inference;

/// <summary>
/// The smallest graph that GenAI takes for a decoder: token ids in, a row of zeros out. With it GenAI opens a model's tokenizer, chat template and
/// grammars without a second copy of the weights. IR version 10.
/// </summary>
internal static class StubGraph
{
    private const string Shape = "shape";

    /// <param name="inputIds">The input's name.</param>
    /// <param name="logits">The output's name.</param>
    /// <param name="vocabularySize">The output's width.</param>
    internal static byte[] Write(string inputIds, string logits, int vocabularySize)
    {
        var graph = new OnnxMessage()
            .Message(1, OnnxMessage.Node("ConstantOfShape", logits, Shape))
            .Text(2, "stub")
            .Message(5, OnnxMessage.Constant(Shape, 1, 1, vocabularySize))
            .Message(11, OnnxMessage.Value(inputIds, OnnxMessage.Int64, OnnxMessage.Named("batch"), OnnxMessage.Named("sequence")))
            .Message(12, OnnxMessage.Value(logits, OnnxMessage.Float, OnnxMessage.Fixed(1), OnnxMessage.Fixed(1), OnnxMessage.Fixed(vocabularySize)));
        return new OnnxMessage().Number(1, 10).Message(7, graph).Message(8, new OnnxMessage().Text(1, "").Number(2, 21)).ToArray();
    }
}
