namespace OffLM.CardSimulator.Card;

/// <summary>A command as the card sees it: ISO 7816-4 section 5.1, all seven cases.</summary>
/// <param name="Class">CLA.</param>
/// <param name="Instruction">INS.</param>
/// <param name="Parameter">P1 and P2.</param>
/// <param name="Data">Command data.</param>
/// <param name="Expected">Le; null if no data are expected.</param>
internal sealed record Command(byte Class, byte Instruction, ushort Parameter, byte[] Data, int? Expected)
{
    /// <returns>Null if the lengths don't add up.</returns>
    public static Command? Parse(ReadOnlySpan<byte> apdu)
    {
        if (apdu.Length < 4)
        {
            return null;
        }

        var (kind, instruction, parameter) = (apdu[0], apdu[1], (ushort)(apdu[2] << 8 | apdu[3]));
        var body = apdu[4..];
        return body switch
        {
            [] => new(kind, instruction, parameter, [], null),
            [var le] => new(kind, instruction, parameter, [], le == 0 ? 256 : le),
            [0, var high, var low] => new(kind, instruction, parameter, [], (high << 8 | low) is var le and > 0 ? le : 65536),
            [0, var high, var low, ..] when (high << 8 | low) is var lc && body.Length == 3 + lc => new(kind, instruction, parameter, body[3..].ToArray(), null),
            [0, var high, var low, ..] when (high << 8 | low) is var lc && body.Length == 5 + lc =>
                new(kind, instruction, parameter, body[3..^2].ToArray(), (body[^2] << 8 | body[^1]) is var le and > 0 ? le : 65536),
            [var lc, ..] when lc > 0 && body.Length == 1 + lc => new(kind, instruction, parameter, body[1..].ToArray(), null),
            [var lc, ..] when lc > 0 && body.Length == 2 + lc => new(kind, instruction, parameter, body[1..^1].ToArray(), body[^1] == 0 ? 256 : body[^1]),
            _ => null,
        };
    }
}
