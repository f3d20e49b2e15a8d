namespace OffLM.ModelForge.Tokenizer;

/// <summary>
/// A byte-level BPE vocabulary of a wanted size that reads like English: all bytes, then common words with the pieces
/// that lead to them, then pronounceable syllables and made-up words of two and three of them.
/// </summary>
internal sealed class BytePairVocabulary
{
    private const string Consonants = "tnsrhldcmfpgwybvkxjqz";
    private const string Vowels = "eaoiu";

    private readonly int _size;
    private readonly List<string> _tokens;
    private readonly HashSet<string> _known;
    private readonly List<(string Left, string Right)> _merges = [];

    /// <summary>Makes a vocabulary of <paramref name="size"/> tokens, at least 256.</summary>
    public BytePairVocabulary(int size)
    {
        _size = size;
        _tokens = [.. ByteAlphabet.InTokenOrder.Select(c => c.ToString())];
        _known = [.. _tokens];
        var space = ByteAlphabet.Space.ToString();
        foreach (var word in CommonWords.All)
        {
            AddWithBeginnings(space, word);
        }

        string[] syllables = [.. Consonants.SelectMany(c => Vowels, (c, v) => $"{c}{v}")];
        foreach (var syllable in syllables)
        {
            AddWithBeginnings(syllable[..1], syllable[1..]);
        }

        IEnumerable<string> words = [space];
        while (!IsFull)
        {
            words = Lengthen([.. words], syllables);
        }
    }

    /// <summary>The tokens in the order of their ids, special ones not included.</summary>
    public IReadOnlyList<string> Tokens => _tokens;

    /// <summary>The pairs that are joined, the most urgent first.</summary>
    public IReadOnlyList<(string Left, string Right)> Merges => _merges;

    private bool IsFull => _tokens.Count >= _size;

    /// <summary>Adds every beginning of a word: only then can merging, which joins two at a time, arrive at it.</summary>
    private void AddWithBeginnings(string beginning, string rest)
    {
        foreach (var letter in rest)
        {
            Add(beginning, letter.ToString());
            beginning += letter;
        }
    }

    private List<string> Lengthen(IReadOnlyList<string> words, IReadOnlyList<string> syllables)
    {
        var longer = new List<string>();
        foreach (var word in words)
        {
            foreach (var syllable in syllables)
            {
                if (IsFull)
                {
                    return longer;
                }

                Add(word, syllable);
                longer.Add(word + syllable);
            }
        }

        return longer;
    }

    private void Add(string left, string right)
    {
        if (!IsFull && _known.Add(left + right))
        {
            _tokens.Add(left + right);
            _merges.Add((left, right));
        }
    }
}
