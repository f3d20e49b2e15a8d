using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text.Json;

namespace OffLM.Edge.Bench.Nodes;

/// <summary>A streaming client of the node.</summary>
internal sealed class NodeClient(IPEndPoint address) : IDisposable
{
    private readonly HttpClient _http = new() { BaseAddress = new Uri($"http://{address}"), Timeout = TimeSpan.FromMinutes(10) };

    /// <summary>Asks, and reads the stream to its end.</summary>
    public async Task<StreamedAnswer> AskAsync(Question question)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, question.Path) { Content = new ByteArrayContent(question.Body()) };
        var begun = Stopwatch.GetTimestamp();
        using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        using var lines = new StreamReader(await response.Content.ReadAsStreamAsync());
        if (!response.IsSuccessStatusCode)
        {
            throw new InvalidOperationException($"The node answered {(int)response.StatusCode}: {await lines.ReadToEndAsync()}");
        }

        var (first, last, tokens) = (TimeSpan.Zero, TimeSpan.Zero, 0);
        var gaps = new List<double>();
        while (await lines.ReadLineAsync() is { } line)
        {
            var now = Stopwatch.GetElapsedTime(begun);
            var json = line.StartsWith("data: ", StringComparison.Ordinal) ? line.AsMemory("data: ".Length) : line.AsMemory();
            if (!json.Span.StartsWith("{"))
            {
                continue;
            }

            using var chunk = JsonDocument.Parse(json);
            if (Question.TextOf(chunk.RootElement) is { Length: > 0 })
            {
                if (first == TimeSpan.Zero)
                {
                    first = now;
                }
                else
                {
                    gaps.Add((now - last).TotalSeconds);
                }

                last = now;
            }

            tokens = Question.TokensOf(chunk.RootElement) ?? tokens;
        }

        return tokens > 0 ? new StreamedAnswer(tokens, first, last, gaps) : throw new InvalidOperationException("The stream ended without saying how many tokens it had.");
    }

    /// <summary>Where the decode loop's time has gone since the model was loaded.</summary>
    public async Task<DecodeTimes> DecodeTimesAsync()
    {
        var metrics = (await _http.GetStringAsync("/metrics")).Split('\n');
        return new DecodeTimes(Sample("offlm_scheduler_engine_seconds_total"), Sample("offlm_scheduler_service_seconds_total"));

        double Sample(string name) => double.Parse(
            metrics.Single(line => line.StartsWith(name + "{", StringComparison.Ordinal)).Split(' ')[^1], CultureInfo.InvariantCulture);
    }

    public void Dispose() => _http.Dispose();
}

/// <summary>A stream as its client saw it.</summary>
/// <param name="Tokens">As the node counted them.</param>
/// <param name="FirstText">From sending the request to the first text.</param>
/// <param name="LastText">From sending the request to the last.</param>
/// <param name="Gaps">Seconds between one text and the next.</param>
internal sealed record StreamedAnswer(int Tokens, TimeSpan FirstText, TimeSpan LastText, IReadOnlyList<double> Gaps);

/// <summary>Seconds of a decode loop.</summary>
internal readonly record struct DecodeTimes(double Engine, double Service)
{
    /// <summary>The service's share of the time since an earlier reading.</summary>
    public double ShareSince(DecodeTimes earlier)
    {
        var (engine, service) = (Engine - earlier.Engine, Service - earlier.Service);
        return service / (engine + service);
    }
}
