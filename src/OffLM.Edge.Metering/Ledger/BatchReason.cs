using System.Globalization;
using System.Text;

namespace OffLM.Edge.Metering;

/// <summary>Why a batch was refused, in a stranger's words: made harmless for terminals, logs and pages before it is kept.</summary>
public static class BatchReason
{
    /// <summary>Characters that are kept, in UTF-16 units.</summary>
    public const int MaxLength = 500;

    /// <summary>Replaces each character that would steer a terminal, turn the reading direction or break a line by a space, and cuts the rest off.</summary>
    public static string Clean(string reason)
    {
        var text = new StringBuilder(Math.Min(reason.Length, MaxLength));
        foreach (var rune in reason.EnumerateRunes())
        {
            if (text.Length + rune.Utf16SequenceLength > MaxLength)
            {
                break;
            }

            text.Append(IsPrintable(rune) ? rune.ToString() : " ");
        }

        return text.ToString();
    }

    private static bool IsPrintable(Rune rune) => Rune.GetUnicodeCategory(rune)
        is not (UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator);
}
