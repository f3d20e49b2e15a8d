using System.Text.Json;
using OffLM.Edge.Work.Requests;

namespace OffLM.Edge.Lan.Serving;

/// <summary>How one API writes an error.</summary>
internal interface IErrorFormat
{
    /// <summary>Writes the error as one JSON object.</summary>
    /// <param name="json">Where to.</param>
    /// <param name="error">What is wrong.</param>
    /// <param name="completed">The receipt, if the request has one already; else null.</param>
    void WriteError(Utf8JsonWriter json, ErrorResponse error, CompletedAnswer? completed);
}
