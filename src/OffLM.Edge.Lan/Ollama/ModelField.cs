using OffLM.Edge.Lan.Serving;

namespace OffLM.Edge.Lan.Ollama;

/// <summary>The field that names the model: <c>model</c>, or <c>name</c> as older clients call it.</summary>
internal static class ModelField
{
    public static string Read(Fields request) => request.TryGet("model", out _) ? request.RequiredText("model")
        : request.TryGet("name", out _) ? request.RequiredText("name")
        : request.RequiredText("model");
}
