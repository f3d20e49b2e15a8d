using System.Buffers.Binary;
using OffLM.CardSimulator.Card;

namespace OffLM.CardSimulator.Fronts;

/// <summary>A USB token: one slot, a card that can't be taken out, CCID 1.1 messages. What carries the messages is another's business.</summary>
public sealed class CcidDevice(CardApplication card, CcidManners manners)
{
    private const int HeaderSize = 10;

    private readonly List<byte> _command = [];
    private byte[] _answer = [];
    private bool _on;

    /// <summary>Takes a message and gives the answers to it, in their order.</summary>
    /// <param name="message">A whole message.</param>
    public IEnumerable<byte[]> Receive(byte[] message)
    {
        var data = message[HeaderSize..];
        return message[0] switch
        {
            0x62 => PowerOn(message),
            0x63 => PowerOff(message),
            0x65 or 0x72 => [Write(0x81, message, 0, 0, [])],
            0x61 or 0x6C or 0x6D => [Write(0x82, message, 0, 1, [0x11, 0x10, 0x00, 0x4D, 0x00, 0xFE, 0x00])],
            0x6F => Transfer(message, (ushort)(message[8] | message[9] << 8), data),
            _ => [Write(0x81, message, 0x40, 0, [])],
        };
    }

    private IEnumerable<byte[]> PowerOn(byte[] message)
    {
        // Without an automatic choice this card wants 1.8 V.
        if (!manners.ChoosesVoltage && message[7] != 3)
        {
            return [Write(0x80, message, 0x41, 0, [], error: 0xFE)];
        }

        card.Reset();
        _on = true;
        return [Write(0x80, message, 0, 0, CardApplication.AnswerToReset)];
    }

    private IEnumerable<byte[]> PowerOff(byte[] message)
    {
        _on = false;
        card.Reset();
        return [Write(0x81, message, 0, 0, [])];
    }

    private IEnumerable<byte[]> Transfer(byte[] message, ushort level, byte[] data)
    {
        if (!_on)
        {
            yield return Write(0x80, message, 0x41, 0, [], error: 0xFE);
            yield break;
        }

        if (level != 0x10)
        {
            if (level is 0 or 1)
            {
                _command.Clear();
            }

            _command.AddRange(data);
            if (level is 1 or 3)
            {
                yield return Write(0x80, message, 0, 0x10, []);
                yield break;
            }

            for (var i = 0; i < manners.TimeExtensions; i++)
            {
                yield return Write(0x80, message, 0x80, 0, [], error: 1);
            }

            _answer = card.Process(_command.ToArray());
            _command.Clear();
            if (_answer.Length <= manners.AnswerPart)
            {
                yield return Write(0x80, message, 0, 0, _answer);
                yield break;
            }
        }

        var part = _answer[..Math.Min(manners.AnswerPart, _answer.Length)];
        _answer = _answer[part.Length..];
        var chain = (level == 0x10, _answer.Length > 0) switch
        {
            (false, _) => 1,
            (true, true) => 3,
            (true, false) => 2,
        };
        yield return Write(0x80, message, 0, (byte)chain, part);
    }

    private byte[] Write(byte type, byte[] message, byte status, byte chain, byte[] data, byte error = 0)
    {
        var answer = new byte[HeaderSize + data.Length];
        answer[0] = type;
        BinaryPrimitives.WriteUInt32LittleEndian(answer.AsSpan(1), (uint)data.Length);
        (answer[5], answer[6]) = (message[5], message[6]);
        (answer[7], answer[8], answer[9]) = ((byte)(status | (_on || status != 0 ? 0 : 1)), error, chain);
        data.CopyTo(answer, HeaderSize);
        return answer;
    }
}
