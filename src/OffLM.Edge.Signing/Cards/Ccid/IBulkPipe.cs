namespace OffLM.Edge.Signing.Cards.Ccid;

/// <summary>The bulk endpoints of one CCID interface, claimed for this process. Used by one thread at a time.</summary>
internal interface IBulkPipe : IDisposable
{
    /// <summary>The reader's name and place, for people.</summary>
    string Description { get; }

    /// <summary>wMaxPacketSize of the bulk-IN endpoint: what is asked for is a multiple of it.</summary>
    int PacketSize { get; }

    /// <summary>Sends one message.</summary>
    /// <exception cref="PipeException">It was not sent, or not wholly.</exception>
    void Write(ReadOnlySpan<byte> message, TimeSpan timeout);

    /// <summary>Receives one transfer: up to the buffer's end or a short packet.</summary>
    /// <param name="buffer">A multiple of <see cref="PacketSize"/>.</param>
    /// <param name="timeout">How long to wait.</param>
    /// <returns>How many bytes came; 0 for an empty packet.</returns>
    /// <exception cref="PipeException">Nothing came.</exception>
    int Read(Span<byte> buffer, TimeSpan timeout);

    /// <summary>Makes stalled endpoints usable again.</summary>
    /// <exception cref="PipeException">The device is gone.</exception>
    void ClearHalt();

    /// <summary>The class request ABORT on the control pipe, CCID 1.1 section 5.3.1; the bulk message with the same number must follow.</summary>
    /// <exception cref="PipeException">The device doesn't take it.</exception>
    void Abort(byte slot, byte sequence);
}
