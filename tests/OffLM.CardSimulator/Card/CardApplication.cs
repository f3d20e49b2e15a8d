using System.Text;

namespace OffLM.CardSimulator.Card;

/// <summary>
/// The OpenPGP card application, as OpenPGP Smart Card Application 3.4.1 describes it, with a signature slot over secp256k1. Written apart from the
/// product's code, so that gpg and opensc can judge the one and it can judge the other.
/// </summary>
public sealed class CardApplication(CardState state, CardManners? manners = null)
{
    private const byte Chained = 0x10;

    private readonly CardManners _manners = manners ?? new();
    private readonly List<byte> _chain = [];
    private byte[] _waiting = [];
    private bool _selected;
    private bool _signingAllowed;
    private bool _administrator;

    /// <summary>Told after each change that the card must remember; before the card answers, as its memory is.</summary>
    public Action<CardState>? Changed { get; init; }

    /// <summary>Waits for a touch; returns false if nobody came. By default nobody does.</summary>
    public Func<bool> Touched { get; init; } = () => false;

    /// <summary>What the card remembers.</summary>
    public CardState State => state;

    public CardManners Manners => _manners;

    /// <summary>The answer to reset: T=1, and the historical bytes. ISO 7816-3 section 8.</summary>
    public static byte[] AnswerToReset =>
        [0x3B, 0xDA, 0x18, 0xFF, 0x81, 0xB1, 0xFE, 0x75, 0x1F, 0x03, 0x00, 0x31, 0xF5, 0x73, 0xC0, 0x01, 0x60, 0x00, 0x90, 0x00, 0x1C];

    /// <summary>Power off and on: PINs are forgotten.</summary>
    public void Reset()
    {
        _chain.Clear();
        (_waiting, _selected, _signingAllowed, _administrator) = ([], false, false, false);
    }

    /// <summary>Carries out a command.</summary>
    /// <param name="apdu">The whole command.</param>
    /// <returns>Data and status word.</returns>
    public byte[] Process(ReadOnlySpan<byte> apdu)
    {
        if (Command.Parse(apdu) is not { } command)
        {
            return Answer(Status.WrongLength);
        }

        if (command.Class is not (0 or Chained))
        {
            return Answer(Status.UnknownClass);
        }

        if (command.Instruction == 0xC0)
        {
            return Continue(command.Expected ?? 0);
        }

        _waiting = [];
        if (command.Class == Chained)
        {
            _chain.AddRange(command.Data);
            return Answer(Status.Ok);
        }

        var whole = command with { Data = [.. _chain, .. command.Data] };
        _chain.Clear();
        var (data, status) = Execute(whole);
        if (data.Length == 0 || command.Expected is not { } expected)
        {
            return Answer(status);
        }

        if (data.Length <= expected)
        {
            return [.. data, (byte)(status >> 8), (byte)status];
        }

        _waiting = data;
        return Continue(expected);
    }

    private static byte[] Answer(ushort status) => [(byte)(status >> 8), (byte)status];

    /// <summary>GET RESPONSE: what didn't fit a short answer.</summary>
    private byte[] Continue(int expected)
    {
        if (_waiting.Length == 0)
        {
            return Answer(Status.ConditionsNotSatisfied);
        }

        var now = _waiting[..Math.Min(expected, _waiting.Length)];
        _waiting = _waiting[now.Length..];
        return _waiting.Length == 0 ? [.. now, 0x90, 0x00] : [.. now, 0x61, (byte)Math.Min(_waiting.Length, 255)];
    }

    private (byte[] Data, ushort Status) Execute(Command command)
    {
        if (command.Instruction == 0xA4)
        {
            _selected = command.Data.AsSpan().StartsWith((ReadOnlySpan<byte>)[0xD2, 0x76, 0x00, 0x01, 0x24, 0x01]);
            (_signingAllowed, _administrator) = (false, false);
            return ([], _selected ? Status.Ok : Status.NoApplication);
        }

        if (!_selected)
        {
            return ([], Status.ConditionsNotSatisfied);
        }

        return command.Instruction switch
        {
            0xCA => DataObjects.Find(command.Parameter, state, _manners) is { } value ? (value, Status.Ok) : ([], Status.NoSuchData),
            0xDA => ([], Put(command.Parameter, command.Data)),
            0x20 => ([], Verify((byte)command.Parameter, command.Data)),
            0x24 => ([], ChangePin((byte)command.Parameter, command.Data)),
            0x2C => ([], ResetUserPin((byte)(command.Parameter >> 8), command.Data)),
            0x2A when command.Parameter == 0x9E9A => Sign(command.Data),
            0x47 => Key((byte)(command.Parameter >> 8), command.Data),
            0x84 => (SimulatedKey.Random(command.Expected ?? 0), Status.Ok),
            _ => ([], Status.UnknownInstruction),
        };
    }

    private ushort Put(ushort tag, byte[] value)
    {
        if (!_administrator)
        {
            return Status.SecurityNotSatisfied;
        }

        switch (tag)
        {
            case 0xC1 when value is [0x01, ..] || (!_manners.RsaOnly && value.AsSpan().StartsWith(SimulatedKey.Attributes)):
                (state.SignatureAlgorithm, state.Secret, state.Counter) = (value, null, 0);
                break;
            case 0xC1:
                return Status.WrongData;
            case 0xC4 when value is [0 or 1]:
                state.PinForMany = value[0] == 1;
                break;
            case 0xC7 when value.Length == 20:
                state.Fingerprint = value;
                break;
            case 0xCE when value.Length == 4:
                state.MadeAt = value;
                break;
            case 0xD3:
                (state.ResettingCode, state.ResetTries) = (Encoding.ASCII.GetString(value), value.Length > 0 ? CardState.AllTries : 0);
                break;
            case 0xD6 when value is [_, 0x20] && state.Touch != 2:
                state.Touch = value[0];
                break;
            case 0xD6:
                return Status.ConditionsNotSatisfied;
            default:
                return Status.NoSuchData;
        }

        Changed?.Invoke(state);
        return Status.Ok;
    }

    private ushort Verify(byte reference, byte[] pin)
    {
        if (reference is not (0x81 or 0x82 or 0x83))
        {
            return Status.WrongParameters;
        }

        if (pin.Length == 0)
        {
            return (reference == 0x83 ? _administrator : _signingAllowed) ? Status.Ok : (ushort)(0x63C0 | Tries(reference));
        }

        var status = Compare(reference, pin);
        if (reference == 0x83)
        {
            _administrator = status == Status.Ok;
        }
        else if (reference == 0x81)
        {
            _signingAllowed = status == Status.Ok;
        }

        return status;
    }

    private ushort ChangePin(byte reference, byte[] oldAndNew)
    {
        if (reference is not (0x81 or 0x83))
        {
            return Status.WrongParameters;
        }

        var old = Pin(reference);
        var (presented, replacement) = oldAndNew.Length > old.Length ? (oldAndNew[..old.Length], oldAndNew[old.Length..]) : (oldAndNew, []);
        if (Compare(reference, presented) is var status && status != Status.Ok)
        {
            return status;
        }

        if (replacement.Length < (reference == 0x83 ? 8 : 6))
        {
            return Status.WrongData;
        }

        var text = Encoding.UTF8.GetString(replacement);
        if (reference == 0x83)
        {
            state.AdminPin = text;
        }
        else
        {
            state.UserPin = text;
        }

        Changed?.Invoke(state);
        return Status.Ok;
    }

    private ushort ResetUserPin(byte mode, byte[] data)
    {
        var replacement = data;
        if (mode == 0)
        {
            var length = state.ResettingCode.Length;
            if (state.ResetTries == 0)
            {
                return Status.Blocked;
            }

            if (data.Length < length || Encoding.ASCII.GetString(data[..length]) != state.ResettingCode)
            {
                state.ResetTries--;
                Changed?.Invoke(state);
                return Status.SecurityNotSatisfied;
            }

            replacement = data[length..];
        }
        else if (!_administrator)
        {
            return Status.SecurityNotSatisfied;
        }

        if (replacement.Length < 6)
        {
            return Status.WrongData;
        }

        (state.UserPin, state.UserTries) = (Encoding.UTF8.GetString(replacement), CardState.AllTries);
        Changed?.Invoke(state);
        return Status.Ok;
    }

    private (byte[] Data, ushort Status) Sign(byte[] digest)
    {
        if (!_signingAllowed)
        {
            return ([], Status.SecurityNotSatisfied);
        }

        if (state.Secret is null)
        {
            return ([], Status.NoSuchData);
        }

        if (digest.Length != 32)
        {
            return ([], Status.WrongData);
        }

        if (state.Touch != 0 && !Touched())
        {
            return ([], Status.ConditionsNotSatisfied);
        }

        if (_manners.SigningTime > TimeSpan.Zero)
        {
            // A slow card: time is what it costs.
            _manners.Wait(_manners.SigningTime);
        }

        _signingAllowed = state.PinForMany;
        state.Counter++;
        Changed?.Invoke(state);
        return (SimulatedKey.Sign(digest, state.Secret, _manners.HighS), Status.Ok);
    }

    private (byte[] Data, ushort Status) Key(byte mode, byte[] template)
    {
        if (template is not [0xB6, 0x00])
        {
            // The slots for decryption and authentication are empty.
            return ([], Status.NoSuchData);
        }

        if (mode == 0x80)
        {
            if (!_administrator)
            {
                return ([], Status.SecurityNotSatisfied);
            }

            if (!state.SignatureAlgorithm.AsSpan().StartsWith(SimulatedKey.Attributes))
            {
                return ([], Status.ConditionsNotSatisfied);
            }

            (state.Secret, state.Counter) = (SimulatedKey.Generate(), 0);
            Changed?.Invoke(state);
        }

        return state.Secret is { } secret
            ? (DataObjects.Tlv(0x7F49, DataObjects.Tlv(0x86, [0x04, .. SimulatedKey.PublicKeyOf(secret)])), Status.Ok)
            : ([], Status.NoSuchData);
    }

    private byte[] Pin(byte reference) => Encoding.UTF8.GetBytes(reference == 0x83 ? state.AdminPin : state.UserPin);

    private int Tries(byte reference) => reference == 0x83 ? state.AdminTries : state.UserTries;

    private ushort Compare(byte reference, byte[] presented)
    {
        if (Tries(reference) == 0)
        {
            return Status.Blocked;
        }

        var right = presented.AsSpan().SequenceEqual(Pin(reference));
        var tries = right ? CardState.AllTries : Tries(reference) - 1;
        if (reference == 0x83)
        {
            state.AdminTries = tries;
        }
        else
        {
            state.UserTries = tries;
        }

        Changed?.Invoke(state);
        return right ? Status.Ok : _manners.TellsTries ? (ushort)(0x63C0 | tries) : Status.SecurityNotSatisfied;
    }
}
