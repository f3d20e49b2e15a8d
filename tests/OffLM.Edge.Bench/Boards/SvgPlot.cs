using System.Globalization;
using System.Text;

namespace OffLM.Edge.Bench.Boards;

/// <summary>Draws an hour as five small charts, one above the other.</summary>
internal static class SvgPlot
{
    private const int Width = 900;
    private const int Left = 60;
    private const int PanelHeight = 90;
    private const int Gap = 22;

    public static void Write(string path, string title, IReadOnlyList<Sample> samples)
    {
        (string Name, Func<Sample, double> Value, double Top)[] panels =
        [
            ("°C", s => s.Celsius, 100),
            ("W", s => s.Watts, 32),
            ("pace", s => s.Pace, 1.05),
            ("fan", s => s.FanDuty, 1.05),
            ("tok/s", s => s.TokensPerSecond, 50),
        ];
        var height = 40 + (panels.Length * (PanelHeight + Gap));
        var svg = new StringBuilder();
        svg.Append(CultureInfo.InvariantCulture, $"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {Width} {height}\" font-family=\"sans-serif\" font-size=\"12\">\n");
        svg.Append("<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n");
        svg.Append(CultureInfo.InvariantCulture, $"<text x=\"{Left}\" y=\"20\" font-size=\"14\">{title}</text>\n");
        for (var i = 0; i < panels.Length; i++)
        {
            Panel(svg, panels[i].Name, panels[i].Value, panels[i].Top, samples, 34 + (i * (PanelHeight + Gap)));
        }

        svg.Append(CultureInfo.InvariantCulture, $"<text x=\"{Left}\" y=\"{height - 4}\">0 to {samples[^1].Seconds / 60:0} minutes</text>\n</svg>\n");
        File.WriteAllText(path, svg.ToString());
    }

    private static void Panel(StringBuilder svg, string name, Func<Sample, double> value, double top, IReadOnlyList<Sample> samples, int y)
    {
        svg.Append(CultureInfo.InvariantCulture, $"<rect x=\"{Left}\" y=\"{y}\" width=\"{Width - Left - 10}\" height=\"{PanelHeight}\" fill=\"none\" stroke=\"#999\"/>\n");
        svg.Append(CultureInfo.InvariantCulture, $"<text x=\"{Left - 8}\" y=\"{y + 12}\" text-anchor=\"end\">{top:0}</text>\n");
        svg.Append(CultureInfo.InvariantCulture, $"<text x=\"{Left - 8}\" y=\"{y + (PanelHeight / 2)}\" text-anchor=\"end\">{name}</text>\n");
        svg.Append("<polyline fill=\"none\" stroke=\"#06c\" stroke-width=\"1.2\" points=\"");
        foreach (var sample in samples)
        {
            var x = Left + (sample.Seconds / samples[^1].Seconds * (Width - Left - 10));
            svg.Append(CultureInfo.InvariantCulture, $"{x:0.0},{y + (PanelHeight * (1 - Math.Clamp(value(sample) / top, 0, 1))):0.0} ");
        }

        svg.Append("\"/>\n");
    }
}
