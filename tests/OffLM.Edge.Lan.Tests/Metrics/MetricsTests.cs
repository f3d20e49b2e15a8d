using System.Net;
using OffLM.Edge.Lan.Metrics;
using OffLM.Edge.Lan.Tests.NodeApi;
using OffLM.Edge.Metering.Tariffs;
using OffLM.Edge.Signing;

namespace OffLM.Edge.Lan.Tests.Metrics;

public sealed class MetricsTests
{
    [Fact]
    public async Task Answers_are_counted_with_their_tokens_times_and_fees()
    {
        await using var node = await RunningNode.StartAsync(options: o => o with { Tariff = Tariff.Free with { Output = UInt128.Parse("1000000000000000000000") } });
        var payer = Address.Parse("0x0000000000000000000000000000000000000a11");
        var client = node.Client(node.AddKey("Name-Of-A-Person", k => k with { Payer = payer }).Secret);
        await RunningNode.ReceiptOfAsync(client);
        await RunningNode.JsonAsync(client, HttpMethod.Post, "/api/generate", """{"model":"tiny","prompt":"a secret question","stream":false,"options":{"num_predict":3}}""");

        var (text, metrics) = await ScrapeAsync(node);
        var tiny = ("model", "tiny");
        var requests = metrics.Samples.Where(s => s.Name == "offlm_requests_total").ToList();
        Assert.Equal([("ollama", 1.0), ("openai", 1.0)], requests.Select(s => (s.Labels["api"], s.Value)).Order());
        var tokens = metrics.Value("offlm_completion_tokens_total", tiny);
        Assert.InRange(tokens, 2, 6);
        Assert.Equal(tokens, metrics.Value("offlm_fees_offlm_total", tiny), 9);
        Assert.True(metrics.Value("offlm_prompt_tokens_total", tiny) > metrics.Value("offlm_cached_tokens_total", tiny));
        Assert.Equal(2, metrics.Value("offlm_time_to_first_token_seconds_count", tiny));
        Assert.Equal(2, metrics.Value("offlm_e2e_request_latency_seconds_count", tiny));
        Assert.True(metrics.Value("offlm_scheduler_engine_seconds_total", tiny) > 0);
        Assert.Equal(2, metrics.Value("offlm_ledger_open_receipts"));
        Assert.Equal(1, metrics.Value("offlm_models_loaded"));
        Assert.Equal(1, metrics.Value("offlm_build_info", ("version", "1.2.3-test")));
        Assert.True(metrics.Value("offlm_process_resident_memory_bytes") > 1 << 20);
        Assert.InRange(metrics.Value("offlm_process_start_time_seconds"), 1.6e9, DateTimeOffset.UtcNow.ToUnixTimeSeconds());
        Assert.DoesNotContain("Name-Of-A-Person", text);
        Assert.DoesNotContain("secret question", text);
    }

    [Fact]
    public async Task Every_name_has_the_prefix_and_every_counter_says_total()
    {
        await using var node = await RunningNode.StartAsync(options: o => o with { Board = new() { Name = "simulated" } });
        var (_, metrics) = await ScrapeAsync(node);
        Assert.All(metrics.Types.Keys, name => Assert.StartsWith("offlm_", name));
        Assert.All(metrics.Types, family => Assert.Equal(family.Value == "counter", family.Key.EndsWith("_total", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task The_boards_figures_are_there_and_say_that_they_are_simulated()
    {
        await using var node = await RunningNode.StartAsync(options: o => o with { Board = new() { Name = "simulated" } });
        var (_, metrics) = await ScrapeAsync(node);

        Assert.Equal(1, metrics.Value("offlm_board_info", ("board", "simulated"), ("simulated", "true"), ("energy_source", "simulated")));
        Assert.InRange(metrics.Value("offlm_board_temperature_celsius", ("zone", "tj-thermal")), 20, 90);
        Assert.Equal(90, metrics.Value("offlm_board_temperature_limit_celsius", ("zone", "tj-thermal")));
        Assert.InRange(metrics.Value("offlm_board_power_watts"), 3, 40);
        Assert.InRange(metrics.Value("offlm_board_pace"), 0, 1);
        Assert.Equal(1, metrics.Value("offlm_board_fan_controlled"));
        Assert.True(metrics.Value("offlm_energy_joules_total") >= 0);
    }

    [Fact]
    public async Task Refused_callers_are_counted_too()
    {
        await using var node = await RunningNode.StartAsync();
        await RunningNode.GetAsync(node.Client("offlm_wrong"), "/v1/models", HttpStatusCode.Unauthorized);
        var (_, metrics) = await ScrapeAsync(node);
        Assert.Equal(1, metrics.Value("offlm_http_responses_total", ("api", "openai"), ("code", "401")));
    }

    [Fact]
    public void Labels_and_help_are_escaped_and_histograms_are_cumulative()
    {
        var histogram = new Histogram([1, 2]);
        Array.ForEach([0.5, 1, 1.5, 7], histogram.Add);
        var text = new PrometheusText();
        text.Family("odd_total", "counter", "A \\ and\na line.").Sample(0.1, ("model", "a\"b\\c\nd"));
        text.Family("wait_seconds", "histogram", "Waiting.").Histogram(histogram, ("model", "x"));
        var metrics = PrometheusParser.Parse(text.ToString());
        Assert.Equal(0.1, metrics.Value("offlm_odd_total", ("model", "a\"b\\c\nd")));
        Assert.Equal([2, 3, 4], metrics.Samples.Where(s => s.Name == "offlm_wait_seconds_bucket").Select(s => s.Value));
        Assert.Equal(10, metrics.Value("offlm_wait_seconds_sum"));
    }

    private static async Task<(string Text, PrometheusParser Metrics)> ScrapeAsync(RunningNode node)
    {
        using var response = await node.Client().GetAsync("/metrics");
        Assert.Equal("text/plain; version=0.0.4; charset=utf-8", response.Content.Headers.ContentType!.ToString());
        var text = await response.Content.ReadAsStringAsync();
        return (text, PrometheusParser.Parse(text));
    }
}
