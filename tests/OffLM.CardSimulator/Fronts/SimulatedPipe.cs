using OffLM.Edge.Signing.Cards.Ccid;

namespace OffLM.CardSimulator.Fronts;

/// <summary>The endpoints of a simulated token in memory, with faults on demand.</summary>
internal sealed class SimulatedPipe(CcidDevice device) : IBulkPipe
{
    private readonly Queue<byte[]> _incoming = [];
    private int _bytes;
    private int _reads;
    private bool _stalled;

    /// <summary>Pulls the plug after so many bytes have gone over the wire, both ways counted together.</summary>
    public int? UnplugAfter { get; set; }

    /// <summary>Halts the endpoint at the read with this number, counted from 1.</summary>
    public int? StallAt { get; set; }

    /// <summary>Bytes that one transfer brings at most; less than a packet is a short one.</summary>
    public int TransferSize { get; set; } = int.MaxValue;

    /// <summary>Takes each answer for others: none, changed ones, more.</summary>
    public Func<byte[], IEnumerable<byte[]>> Alter { get; set; } = answer => [answer];

    /// <summary>Told how long a read waited in vain.</summary>
    public Action<TimeSpan> Waited { get; set; } = _ => { };

    /// <summary>Takes no message while an answer waits to be fetched.</summary>
    public bool HoldsBack { get; set; }

    /// <summary>Messages that the device took.</summary>
    public List<byte[]> Sent { get; } = [];

    /// <summary>Sequence numbers of ABORT requests on the control pipe.</summary>
    public List<byte> Aborts { get; } = [];

    /// <summary>Bytes that have gone over the wire.</summary>
    public int Bytes => _bytes;

    public bool IsDisposed { get; private set; }

    public string Description => "a simulated token";

    public int PacketSize => 512;

    /// <summary>An answer that the device owes from before.</summary>
    public void Owe(byte[] answer) => Enqueue(answer);

    public void Write(ReadOnlySpan<byte> message, TimeSpan timeout)
    {
        if (HoldsBack && _incoming.Count > 0)
        {
            Waited(timeout);
            throw new PipeException(PipeFault.TimedOut, "it takes nothing.");
        }

        Count(message.Length);
        Sent.Add(message.ToArray());
        foreach (var answer in device.Receive(message.ToArray()).SelectMany(a => Alter(a)))
        {
            Enqueue(answer);
        }
    }

    public int Read(Span<byte> buffer, TimeSpan timeout)
    {
        if (buffer.Length % PacketSize != 0)
        {
            throw new ArgumentException($"{buffer.Length} bytes are not whole packets of {PacketSize}.", nameof(buffer));
        }

        if (_stalled || ++_reads == StallAt)
        {
            _stalled = true;
            throw new PipeException(PipeFault.Stalled, "the endpoint is halted.");
        }

        if (_incoming.Count == 0)
        {
            Waited(timeout);
            throw new PipeException(PipeFault.TimedOut, "nothing came.");
        }

        var transfer = _incoming.Dequeue();
        if (transfer.Length > buffer.Length)
        {
            throw new PipeException(PipeFault.Failed, "the device sent more than was asked for.");
        }

        Count(transfer.Length);
        transfer.CopyTo(buffer);
        return transfer.Length;
    }

    public void ClearHalt() => _stalled = false;

    public void Abort(byte slot, byte sequence) => Aborts.Add(sequence);

    public void Dispose() => IsDisposed = true;

    private void Enqueue(byte[] answer)
    {
        if (answer.Length == 0)
        {
            _incoming.Enqueue(answer);
        }

        for (var offset = 0; offset < answer.Length; offset += Math.Min(TransferSize, answer.Length))
        {
            _incoming.Enqueue(answer[offset..Math.Min(offset + Math.Min(TransferSize, answer.Length), answer.Length)]);
        }
    }

    private void Count(int bytes)
    {
        if (UnplugAfter is { } limit && _bytes + bytes > limit)
        {
            _bytes = limit;
            throw new PipeException(PipeFault.Gone, "the device is gone.");
        }

        _bytes += bytes;
    }
}
