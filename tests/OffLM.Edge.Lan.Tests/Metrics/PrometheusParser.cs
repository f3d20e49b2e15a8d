using System.Globalization;
using System.Text.RegularExpressions;

namespace OffLM.Edge.Lan.Tests.Metrics;

/// <summary>Reads the text format 0.0.4, and refuses everything that a scraper might.</summary>
internal sealed partial class PrometheusParser
{
    private readonly Dictionary<string, string> _types = [];
    private readonly HashSet<string> _helped = [];
    private string _family = "";

    public List<(string Name, Dictionary<string, string> Labels, double Value)> Samples { get; } = [];

    public IReadOnlyDictionary<string, string> Types => _types;

    public static PrometheusParser Parse(string text)
    {
        Assert.EndsWith("\n", text);
        var parser = new PrometheusParser();
        foreach (var line in text[..^1].Split('\n'))
        {
            parser.Read(line);
        }

        foreach (var (family, _) in parser._types.Where(t => t.Value == "histogram"))
        {
            parser.CheckHistogram(family);
        }

        return parser;
    }

    public double Value(string name, params (string Name, string Value)[] labels) =>
        Assert.Single(Samples, s => s.Name == name && labels.All(l => s.Labels.GetValueOrDefault(l.Name) == l.Value)).Value;

    [GeneratedRegex("""^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{((?:[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\]|\\[\\"n])*",?)*)\})? (\S+)$""")]
    private static partial Regex SampleLine { get; }

    [GeneratedRegex("""([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\[\\"n])*)"(?:,|$)""")]
    private static partial Regex Label { get; }

    private void Read(string line)
    {
        if (line.StartsWith("# HELP ", StringComparison.Ordinal))
        {
            _family = line.Split(' ')[2];
            Assert.True(_helped.Add(_family), $"a second HELP of {_family}");
        }
        else if (line.StartsWith("# TYPE ", StringComparison.Ordinal))
        {
            var words = line.Split(' ');
            Assert.Equal(_family, words[2]);
            Assert.Contains(words[3], (string[])["counter", "gauge", "histogram"]);
            Assert.True(_types.TryAdd(words[2], words[3]), $"a second TYPE of {words[2]}");
        }
        else
        {
            ReadSample(line);
        }
    }

    private void ReadSample(string line)
    {
        var match = SampleLine.Match(line);
        Assert.True(match.Success, $"no sample: {line}");
        var name = match.Groups[1].Value;
        var isHistogram = _types[_family] == "histogram";
        Assert.True(isHistogram ? name == $"{_family}_bucket" || name == $"{_family}_sum" || name == $"{_family}_count" : name == _family, $"{name} stands under {_family}");
        var labels = Label.Matches(match.Groups[2].Value).ToDictionary(m => m.Groups[1].Value, m => Unescape(m.Groups[2].Value));
        var value = match.Groups[3].Value == "+Inf" ? double.PositiveInfinity : double.Parse(match.Groups[3].Value, NumberStyles.Float, CultureInfo.InvariantCulture);
        Assert.DoesNotContain(Samples, s => s.Name == name && s.Labels.OrderBy(l => l.Key).SequenceEqual(labels.OrderBy(l => l.Key)));
        Samples.Add((name, labels, value));
    }

    private void CheckHistogram(string family)
    {
        foreach (var series in Samples.Where(s => s.Name == $"{family}_bucket").GroupBy(s => string.Join(',', s.Labels.Where(l => l.Key != "le").OrderBy(l => l.Key))))
        {
            var buckets = series.Select(s => (Bound: Bound(s.Labels["le"]), s.Value)).ToList();
            Assert.Equal(buckets.OrderBy(b => b.Bound), buckets);
            Assert.Equal(buckets.OrderBy(b => b.Value).Select(b => b.Value), buckets.Select(b => b.Value));
            Assert.True(double.IsPositiveInfinity(buckets[^1].Bound));
            var others = Samples.Where(s => string.Join(',', s.Labels.OrderBy(l => l.Key)) == series.Key).ToList();
            Assert.Equal(buckets[^1].Value, Assert.Single(others, s => s.Name == $"{family}_count").Value);
            Assert.Single(others, s => s.Name == $"{family}_sum");
        }
    }

    private static double Bound(string text) => text == "+Inf" ? double.PositiveInfinity : double.Parse(text, CultureInfo.InvariantCulture);

    private static string Unescape(string text) => Regex.Replace(text, """\\(.)""", m => m.Groups[1].Value == "n" ? "\n" : m.Groups[1].Value);
}
