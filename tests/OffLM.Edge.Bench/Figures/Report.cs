using System.Globalization;
using System.Text;

namespace OffLM.Edge.Bench.Figures;

/// <summary>The report: a section for each part. Sections of parts that did not run stay as they are.</summary>
internal sealed class Report
{
    private const string SectionMark = "\n## ";

    private const string Introduction =
        """
        # Benchmarks

        Written by `scripts/bench`; not by hand. Each part says when and where it ran. Where a row compares, baseline and ours ran in
        turn (A B A B) in one run, after one round that does not count. A row's value is the median of its rounds; the interval holds the true
        median with 95 % or more (by order statistics; from six rounds on). A row without a target explains another. Nodes compute each token by
        itself (`inference.guesses` 0) unless a row says otherwise.

        """;

    private readonly SortedDictionary<string, string> _sections = new(StringComparer.Ordinal);

    /// <summary>Takes up the report at a path, if there is one.</summary>
    public static Report Read(string path)
    {
        var report = new Report();
        if (File.Exists(path))
        {
            foreach (var section in File.ReadAllText(path).Split(SectionMark).Skip(1))
            {
                report._sections[section[..section.IndexOf('\n', StringComparison.Ordinal)]] = section.TrimEnd() + "\n";
            }
        }

        return report;
    }

    /// <summary>Puts a part's section in place of its earlier one.</summary>
    /// <param name="part">The part's name.</param>
    /// <param name="conditions">When, where and how often.</param>
    /// <param name="figures">Its rows.</param>
    public void Put(string part, string conditions, IReadOnlyList<Figure> figures)
    {
        var text = new StringBuilder()
            .Append(part).Append("\n\n").Append(conditions).Append("\n\n")
            .Append("| figure | target | median | interval | min – max | holds | how |\n")
            .Append("| --- | --- | --- | --- | --- | --- | --- |\n");
        foreach (var figure in figures)
        {
            var (values, unit) = (figure.Values, figure.Unit);
            var interval = values.MedianInterval is var (low, high) ? unit.Write(low, high) : "";
            text.Append(CultureInfo.InvariantCulture, $"| {figure.Name} | {figure.Target} | {unit.Write(values.Median)} | {interval} ")
                .Append(CultureInfo.InvariantCulture, $"| {(values.Count == 1 ? "" : unit.Write(values.Minimum, values.Maximum))} | {Verdict(figure)} | {figure.How} |\n");
        }

        _sections[part] = text.ToString();
    }

    public void Write(string path)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, Introduction + string.Concat(_sections.Values.Select(section => SectionMark + section)));
    }

    /// <summary>A figure in one line, for whoever watches.</summary>
    public static string Line(Figure figure) =>
        $"  {figure.Name}: {figure.Unit.Write(figure.Values.Median)} ({figure.Unit.Write(figure.Values.Minimum, figure.Values.Maximum)})"
        + (figure.Holds is null ? "" : $", {figure.Target}: {Verdict(figure)}");

    private static string Verdict(Figure figure) => figure.Holds switch
    {
        true => "yes",
        false => "**no**",
        null => "",
    };
}
