using System.Collections.Frozen;
using System.Globalization;
using System.Text;

namespace OffLM.Edge.Inference;

/// <summary>
/// Takes the accents off letters: canonical decomposition (Unicode's NFD) without the nonspacing marks. The program carries no tables of languages (its
/// runtime decomposes nothing), so those letters that have marks are in <c>accents.txt</c>: a letter, a space, and all that become it. Made from Unicode 14.
/// </summary>
internal static class Accents
{
    private const int FirstSyllable = 0xAC00, Syllables = 11_172, FirstLead = 0x1100, FirstVowel = 0x1161, BeforeTrail = 0x11A7, Vowels = 21, Trails = 28;

    private static readonly Lazy<FrozenDictionary<Rune, string>> s_bases = new(Read);

    /// <summary>Adds a character without its marks; nothing if it is a mark.</summary>
    internal static void AppendBare(StringBuilder to, Rune character)
    {
        if (character.IsAscii)
        {
            to.Append((char)character.Value);
        }
        else if (character.Value is >= FirstSyllable and < FirstSyllable + Syllables)
        {
            AppendLetters(to, character.Value - FirstSyllable);
        }
        else if (s_bases.Value.TryGetValue(character, out var bare))
        {
            to.Append(bare);
        }
        else if (Rune.GetUnicodeCategory(character) != UnicodeCategory.NonSpacingMark)
        {
            to.Append(character.ToString());
        }
    }

    /// <summary>A Korean syllable is two or three letters by its number (Unicode, chapter 3.12).</summary>
    private static void AppendLetters(StringBuilder to, int syllable)
    {
        to.Append((char)(FirstLead + (syllable / (Vowels * Trails)))).Append((char)(FirstVowel + (syllable % (Vowels * Trails) / Trails)));
        if (syllable % Trails is > 0 and var trail)
        {
            to.Append((char)(BeforeTrail + trail));
        }
    }

    private static FrozenDictionary<Rune, string> Read()
    {
        using var file = new StreamReader(typeof(Accents).Assembly.GetManifestResourceStream("accents.txt")!, Encoding.UTF8);
        var bases = new Dictionary<Rune, string>();
        while (file.ReadLine() is { } line)
        {
            var space = line.IndexOf(' ');
            foreach (var character in line.AsSpan(space + 1).EnumerateRunes())
            {
                bases.Add(character, line[..space]);
            }
        }

        return bases.ToFrozenDictionary();
    }
}
