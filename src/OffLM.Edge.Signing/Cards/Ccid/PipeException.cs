namespace OffLM.Edge.Signing.Cards.Ccid;

/// <summary>A transfer failed.</summary>
internal sealed class PipeException(PipeFault fault, string message) : Exception(message)
{
    public PipeFault Fault => fault;
}
