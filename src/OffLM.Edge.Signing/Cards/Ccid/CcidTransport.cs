using System.Buffers.Binary;
using System.Security.Cryptography;

namespace OffLM.Edge.Signing.Cards.Ccid;

/// <summary>
/// Messages to a reader and its answers to them, CCID 1.1 section 6: numbered, so that a late answer to an earlier message is known for what it is.
/// After a failure the two may be out of step: <see cref="Synchronise"/>, or give it up.
/// </summary>
internal sealed class CcidTransport(IBulkPipe pipe, CcidDescriptor descriptor, TimeProvider time) : IDisposable
{
    /// <summary>Late answers that are passed over for one message. A reader that was left in the middle owes one or two.</summary>
    private const int MaxStale = 32;

    /// <summary>Empty packets in a row. One may follow a message whose length is a multiple of the packet's.</summary>
    private const int MaxEmpty = 8;

    private static readonly TimeSpan WritePatience = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan SynchronisePatience = TimeSpan.FromSeconds(1);

    /// <summary>How long an answer that is owed may take to come when it is called for. Paid once at each connecting: an honest reader owes none.</summary>
    private static readonly TimeSpan DrainPatience = TimeSpan.FromMilliseconds(20);

    /// <summary>A whole message in whole packets, and one more packet: a message of full packets is read on to its end.</summary>
    private readonly byte[] _buffer = new byte[(((descriptor.MaxMessage + pipe.PacketSize - 1) / pipe.PacketSize) + 1) * pipe.PacketSize];

    /// <summary>Begins anywhere: what an earlier process asked was hardly numbered the same.</summary>
    private byte _sequence = RandomNumberGenerator.GetBytes(1)[0];

    public string Description => pipe.Description;

    /// <summary>Sends a message and waits for the answer to it, for as long as the card asks for time, within the patience.</summary>
    /// <param name="type">bMessageType.</param>
    /// <param name="specific">The three bytes that differ by message.</param>
    /// <param name="data">abData; may hold a secret, the message is overwritten once it was sent.</param>
    /// <param name="expected">bMessageType of the answer.</param>
    /// <param name="patience">How long all this may take.</param>
    /// <returns>The answer; it may say that the command failed.</returns>
    /// <exception cref="CardGoneException">No answer came that makes sense.</exception>
    public CcidAnswer Exchange(byte type, uint specific, ReadOnlySpan<byte> data, byte expected, TimeSpan patience)
    {
        try
        {
            return TryExchange(type, specific, data, expected, patience);
        }
        catch (PipeException e)
        {
            throw new CardGoneException(
                e.Fault == PipeFault.Gone ? $"The card at {Description} was unplugged." : $"The reader at {Description} doesn't answer: {e.Message}", e);
        }
    }

    /// <summary>Finds the reader's place again after whatever happened before: passes over late answers, and aborts what still runs, section 5.3.1.</summary>
    /// <returns>The slot's status.</returns>
    /// <exception cref="CardGoneException">The reader can't be brought to answer.</exception>
    public CcidAnswer Synchronise()
    {
        try
        {
            // A reader that still holds an answer to somebody before us may take nothing until that is fetched.
            Drain();
            return TryExchange(CcidMessage.GetSlotStatus, 0, [], CcidMessage.SlotStatus, SynchronisePatience);
        }
        catch (Exception e) when (e is CardGoneException or PipeException { Fault: not PipeFault.Gone })
        {
            // It is still busy with what another asked, or halted.
        }
        catch (PipeException e)
        {
            throw new CardGoneException($"The card at {Description} was unplugged.", e);
        }

        try
        {
            pipe.ClearHalt();
            pipe.Abort(slot: 0, (byte)(_sequence + 1));
            _ = TryExchange(CcidMessage.Abort, 0, [], CcidMessage.SlotStatus, SynchronisePatience);
            return TryExchange(CcidMessage.GetSlotStatus, 0, [], CcidMessage.SlotStatus, SynchronisePatience);
        }
        catch (Exception e) when (e is CardGoneException or PipeException)
        {
            throw new CardGoneException($"The reader at {Description} doesn't answer, and couldn't be brought to. Unplug it and plug it in again.", e);
        }
    }

    public void Dispose() => pipe.Dispose();

    private void Drain()
    {
        try
        {
            for (var owed = 0; owed < MaxStale; owed++)
            {
                _ = pipe.Read(_buffer, DrainPatience);
            }
        }
        catch (PipeException e) when (e.Fault != PipeFault.Gone)
        {
            // Nothing more, or something that the messages to come will meet again.
        }
    }

    private CcidAnswer TryExchange(byte type, uint specific, ReadOnlySpan<byte> data, byte expected, TimeSpan patience)
    {
        var since = time.GetTimestamp();
        var sequence = ++_sequence;
        var message = CcidMessage.Write(type, sequence, specific, data);
        try
        {
            pipe.Write(message, WritePatience);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(message);
        }

        for (var stale = 0; stale < MaxStale;)
        {
            var length = ReadMessage(since, patience);
            if (_buffer[6] != sequence || _buffer[5] != 0)
            {
                stale++;
                continue;
            }

            var answer = new CcidAnswer(_buffer[0], _buffer[7], _buffer[8], _buffer[9], _buffer[CcidMessage.HeaderSize..length]);
            if (answer.WantsTime)
            {
                continue;
            }

            // A failed command may be answered by a slot status in place of data: section 6.2.1.
            return answer.Type == expected || (answer.Failed && answer.Type == CcidMessage.SlotStatus)
                ? answer
                : throw new CardGoneException($"The reader at {Description} answered message {type:X2} with {answer.Type:X2}; expected {expected:X2}.");
        }

        throw new CardGoneException($"The reader at {Description} answers everything but what it is asked.");
    }

    /// <summary>Reads one message into the buffer. Its own length counts, not the transfer's: a message may come in several, and one may hold more.</summary>
    private int ReadMessage(long since, TimeSpan patience)
    {
        var (filled, empty) = (0, 0);
        while (filled < CcidMessage.HeaderSize || filled < MessageLength())
        {
            var left = patience - time.GetElapsedTime(since);
            if (left <= TimeSpan.Zero)
            {
                throw new PipeException(PipeFault.TimedOut, $"nothing in {patience.TotalSeconds:0.#} s. Does it wait for a touch?");
            }

            // Whole packets: a device that sends more than was asked for is cut off with an error.
            var room = (_buffer.Length - filled) / pipe.PacketSize * pipe.PacketSize;
            var count = pipe.Read(_buffer.AsSpan(filled, room), left);
            filled += count;
            empty = count == 0 ? empty + 1 : 0;
            if (empty > MaxEmpty || room == 0)
            {
                throw new PipeException(PipeFault.Failed, "it sends empty packets, or no end.");
            }
        }

        return MessageLength();
    }

    private int MessageLength() => BinaryPrimitives.ReadUInt32LittleEndian(_buffer.AsSpan(1)) is var length && length <= _buffer.Length - CcidMessage.HeaderSize
        ? CcidMessage.HeaderSize + (int)length
        : throw new PipeException(PipeFault.Failed, $"it announced a message of {length} bytes; {_buffer.Length - CcidMessage.HeaderSize} are the most.");
}
