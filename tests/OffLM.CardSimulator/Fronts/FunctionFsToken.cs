using System.Buffers.Binary;

namespace OffLM.CardSimulator.Fronts;

/// <summary>
/// The token on a real USB bus: a FunctionFS gadget, which dummy_hcd plugs into the same machine. libusb can't tell it from hardware. It is
/// unplugged and plugged in through the gadget's <c>UDC</c> file, by others.
/// </summary>
/// <param name="folder">Where FunctionFS is mounted.</param>
/// <param name="device">What answers.</param>
/// <param name="manners">What it says of itself.</param>
/// <param name="unplugged">Set while it has no power.</param>
internal sealed class FunctionFsToken(string folder, CcidDevice device, CcidManners manners, ManualResetEventSlim unplugged)
{
    private const int HeaderSize = 10;
    private const int Packet = 512;
    private const int EventSize = 12;
    private const byte EnableEvent = 2;
    private const byte DisableEvent = 3;
    private const byte SetupEvent = 4;
    private const byte DirectionIn = 0x80;

    /// <summary>How often it lost its power: what it was asked before is forgotten then.</summary>
    private int _lives;

    /// <summary>Serves until the process is ended.</summary>
    /// <param name="ready">Called once the gadget may be bound.</param>
    /// <exception cref="IOException">FunctionFS doesn't take the device.</exception>
    public void Run(Action ready)
    {
        var control = Libc.Open(Path.Combine(folder, "ep0"));
        Require(Libc.Write(control, FunctionFsDescriptors.Descriptors(manners)), "descriptors");
        Require(Libc.Write(control, FunctionFsDescriptors.Strings()), "strings");
        var (output, input) = (Libc.Open(Path.Combine(folder, "ep1")), Libc.Open(Path.Combine(folder, "ep2")));
        new Thread(() => Control(control)) { IsBackground = true }.Start();
        ready();
        var message = new List<byte>();
        var buffer = new byte[8 * Packet];
        while (true)
        {
            // Fails while the token is unplugged, and waits until it is plugged in again.
            var count = Libc.Read(output, buffer);
            if (count <= 0)
            {
                message.Clear();
                continue;
            }

            var life = Volatile.Read(ref _lives);
            message.AddRange(buffer.AsSpan(0, count));
            if (message.Count >= HeaderSize && message.Count >= HeaderSize + BinaryPrimitives.ReadUInt32LittleEndian(message.GetRange(1, 4).ToArray()))
            {
                foreach (var answer in device.Receive([.. message]))
                {
                    if (life == Volatile.Read(ref _lives))
                    {
                        _ = Libc.Write(input, answer);
                    }
                }

                message.Clear();
            }
        }
    }

    private static void Require(int written, string what)
    {
        if (written < 0)
        {
            throw new IOException($"FunctionFS doesn't take the {what}.");
        }
    }

    /// <summary>Notes whether it has power, and answers class requests: ABORT is taken, everything else is answered with zeros.</summary>
    private void Control(int control)
    {
        var happened = new byte[EventSize];
        while (Libc.Read(control, happened) == EventSize)
        {
            switch (happened[8])
            {
                case EnableEvent:
                    unplugged.Reset();
                    break;
                case DisableEvent:
                    Interlocked.Increment(ref _lives);
                    unplugged.Set();
                    break;
                case SetupEvent:
                    var length = BinaryPrimitives.ReadUInt16LittleEndian(happened.AsSpan(6));
                    _ = (happened[0] & DirectionIn) != 0 ? Libc.Write(control, new byte[length]) : Libc.Read(control, new byte[length]);
                    break;
            }
        }
    }
}
