using System.Globalization;

namespace OffLM.Edge.Board.Fan;

/// <summary>A part of each day, by the clock on the wall; it may cross midnight.</summary>
public readonly record struct QuietHours(TimeOnly From, TimeOnly To)
{
    /// <summary>Reads <c>22:00-07:00</c>.</summary>
    public static bool TryParse(string text, out QuietHours hours)
    {
        hours = default;
        if (text.Split('-', StringSplitOptions.TrimEntries) is [var from, var to]
            && TimeOnly.TryParseExact(from, "H:mm", CultureInfo.InvariantCulture, DateTimeStyles.None, out var begin)
            && TimeOnly.TryParseExact(to, "H:mm", CultureInfo.InvariantCulture, DateTimeStyles.None, out var end)
            && begin != end)
        {
            hours = new(begin, end);
            return true;
        }

        return false;
    }

    public bool Contains(TimeOnly time) => time.IsBetween(From, To);

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{From:HH:mm}-{To:HH:mm}");
}
