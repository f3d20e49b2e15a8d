using System.Text.Json;
using OffLM.Edge.Inference;
using OffLM.Edge.Work.Requests;

namespace OffLM.Edge.Lan.Serving;

/// <summary>How one endpoint writes one answer.</summary>
internal interface IAnswerFormat : IErrorFormat
{
    ChunkFraming Framing { get; }

    /// <summary>Writes what precedes the first text of a stream, if anything.</summary>
    void WriteBegin(ChunkWriter chunks);

    /// <summary>Writes text or a call into a stream.</summary>
    /// <param name="chunks">Where to.</param>
    /// <param name="part">What.</param>
    /// <param name="logprobs">The tokens of this text, if they were asked for.</param>
    void WritePart(ChunkWriter chunks, AnswerPart part, IReadOnlyList<TokenLogprob> logprobs);

    /// <summary>Writes the end of a stream: why it ended, the counts, the receipt.</summary>
    void WriteEnd(ChunkWriter chunks, CompletedAnswer completed, bool hasCalls);

    /// <summary>Writes the whole answer as one object.</summary>
    void WriteWhole(Utf8JsonWriter json, WholeAnswer answer);
}
