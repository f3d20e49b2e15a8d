using System.Buffers.Binary;
using System.Net.Sockets;
using OffLM.CardSimulator.Card;

namespace OffLM.CardSimulator.Fronts;

/// <summary>
/// Plugs the card into vsmartcard's virtual reader, which pcscd shows to gpg and opensc. The reader listens on TCP; messages have a length of two
/// bytes, big-endian. One byte is a control: 0 power off, 1 power on, 2 reset, 4 answer to reset. Anything longer is a command.
/// </summary>
public static class VpcdPeer
{
    private const byte PowerOff = 0;
    private const byte PowerOn = 1;
    private const byte Reset = 2;
    private const byte AnswerToReset = 4;

    /// <summary>Serves the reader until it hangs up.</summary>
    /// <param name="card">The card.</param>
    /// <param name="port">Where vpcd listens, on this machine.</param>
    /// <param name="patience">How long vpcd may take to listen.</param>
    public static void Run(CardApplication card, int port, TimeSpan patience)
    {
        using var client = Connect(port, patience);
        using var stream = client.GetStream();
        Span<byte> length = stackalloc byte[2];
        while (stream.ReadAtLeast(length, 2, throwOnEndOfStream: false) == 2)
        {
            var message = new byte[BinaryPrimitives.ReadUInt16BigEndian(length)];
            stream.ReadExactly(message);
            switch (message)
            {
                case [PowerOff or PowerOn or Reset]:
                    card.Reset();
                    break;
                case [AnswerToReset]:
                    Send(stream, CardApplication.AnswerToReset);
                    break;
                default:
                    Send(stream, card.Process(message));
                    break;
            }
        }
    }

    private static TcpClient Connect(int port, TimeSpan patience)
    {
        var deadline = DateTime.UtcNow + patience;
        while (true)
        {
            var client = new TcpClient();
            try
            {
                client.Connect("127.0.0.1", port);
                client.NoDelay = true;
                return client;
            }
            catch (SocketException) when (DateTime.UtcNow < deadline)
            {
                client.Dispose();
                Thread.Sleep(TimeSpan.FromMilliseconds(50));
            }
        }
    }

    private static void Send(NetworkStream stream, byte[] answer)
    {
        var message = new byte[2 + answer.Length];
        BinaryPrimitives.WriteUInt16BigEndian(message, (ushort)answer.Length);
        answer.CopyTo(message, 2);
        stream.Write(message);
    }
}
