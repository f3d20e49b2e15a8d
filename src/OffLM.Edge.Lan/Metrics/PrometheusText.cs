using System.Globalization;
using System.Text;

namespace OffLM.Edge.Lan.Metrics;

/// <summary>
/// Writes the Prometheus text format 0.0.4: <see href="https://prometheus.io/docs/instrumenting/exposition_formats/"/>. A family is
/// opened once, then all its samples follow.
/// </summary>
internal sealed class PrometheusText
{
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    /// <summary>What every name begins with.</summary>
    private const string Prefix = "offlm_";

    private readonly StringBuilder _text = new();
    private string _family = "";

    /// <summary>Opens a family.</summary>
    /// <param name="name">Without the prefix; ends in its base unit, and counters in <c>_total</c>.</param>
    /// <param name="type">counter, gauge, histogram.</param>
    /// <param name="help">One line for people.</param>
    public PrometheusText Family(string name, string type, string help)
    {
        _family = Prefix + name;
        _text.Append("# HELP ").Append(_family).Append(' ').Append(help.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal)).Append('\n');
        _text.Append("# TYPE ").Append(_family).Append(' ').Append(type).Append('\n');
        return this;
    }

    /// <summary>A sample of the open family.</summary>
    public PrometheusText Sample(double value, params ReadOnlySpan<(string Name, string Value)> labels)
    {
        Write("", labels, value);
        return this;
    }

    /// <summary>A histogram of the open family: cumulative buckets, sum and count.</summary>
    public void Histogram(Histogram histogram, params ReadOnlySpan<(string Name, string Value)> labels)
    {
        Span<(string, string)> withBound = [.. labels, default];
        var cumulative = 0L;
        for (var i = 0; i <= histogram.Bounds.Length; i++)
        {
            cumulative += histogram.Counts[i];
            withBound[^1] = ("le", i < histogram.Bounds.Length ? Number(histogram.Bounds[i]) : "+Inf");
            Write("_bucket", withBound, cumulative);
        }

        Write("_sum", labels, histogram.Sum);
        Write("_count", labels, cumulative);
    }

    public override string ToString() => _text.ToString();

    private static string Number(double value) => double.IsPositiveInfinity(value) ? "+Inf" : value.ToString("R", CultureInfo.InvariantCulture);

    private void Write(string suffix, ReadOnlySpan<(string Name, string Value)> labels, double value)
    {
        _text.Append(_family).Append(suffix);
        for (var i = 0; i < labels.Length; i++)
        {
            _text.Append(i == 0 ? '{' : ',').Append(labels[i].Name).Append("=\"").Append(Escape(labels[i].Value)).Append('"');
        }

        _text.Append(labels.Length > 0 ? "} " : " ").Append(Number(value)).Append('\n');
    }

    private static string Escape(string value) => value
        .Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);
}
