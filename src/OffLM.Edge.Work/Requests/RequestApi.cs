namespace OffLM.Edge.Work.Requests;

/// <summary>The door that a request came by; for counting.</summary>
public enum RequestApi
{
    /// <summary>None: the node itself, or another room of it, asks.</summary>
    Node,

    OpenAi,

    Ollama,
}
