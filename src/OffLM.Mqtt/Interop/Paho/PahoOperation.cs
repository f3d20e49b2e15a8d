namespace OffLM.Mqtt.Interop.Paho;

/// <summary>Something the library was asked for. Ends once, whoever ends it.</summary>
internal sealed class PahoOperation
{
    private static readonly CallbackTable<PahoOperation> s_operations = new();

    private readonly PahoClient _client;
    private readonly Action<PahoResult> _done;

    public PahoOperation(PahoClient client, Action<PahoResult> done)
    {
        (_client, _done) = (client, done);
        Id = s_operations.Add(this);
        LibraryHold.OperationStarted();
    }

    /// <summary>What the library's callback is given.</summary>
    public nint Id { get; }

    public static PahoOperation? Find(nint id) => s_operations.Find(id);

    /// <summary>The write of a message failed.</summary>
    public void WriteFailed() => _client.WriteFailed();

    /// <summary>Ends it because the library called.</summary>
    public void Answered(PahoResult result)
    {
        _client.PacketCame();
        End(result);
    }

    public void End(PahoResult result)
    {
        if (s_operations.Remove(Id) is null)
        {
            return;
        }

        LibraryHold.OperationEnded();
        _client.Ended(this);
        _done(result);
    }
}
