namespace OffLM.Edge.Inference;

/// <summary>Decodes one sequence token by token.</summary>
public interface ITokenStream : IDisposable
{
    /// <summary>The text that this token completes; empty while a character's bytes are still incomplete.</summary>
    string Append(int token);
}
