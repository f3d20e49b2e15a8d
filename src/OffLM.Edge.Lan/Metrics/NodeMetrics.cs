using OffLM.Edge.Lan.NodeApi;
using OffLM.Edge.Work;
using OffLM.Edge.Work.Requests;

namespace OffLM.Edge.Lan.Metrics;

/// <summary>Counts answers and HTTP responses. No name of a key and nothing of a prompt comes in here.</summary>
internal sealed class NodeMetrics : IDisposable
{
    private readonly Lock _gate = new();
    private readonly Node _node;
    private readonly Dictionary<string, AnswerMetrics> _byModel = [];
    private readonly Dictionary<string, string> _modelNames = [];
    private readonly Dictionary<(string Api, int Status), long> _responses = [];

    public NodeMetrics(Node node)
    {
        _node = node;
        node.Completed += OnCompleted;
    }

    /// <summary>Counts an HTTP response.</summary>
    /// <param name="api">openai, ollama, node, other.</param>
    /// <param name="status">The HTTP status.</param>
    public void Responded(string api, int status)
    {
        lock (_gate)
        {
            _responses[(api, status)] = _responses.GetValueOrDefault((api, status)) + 1;
        }
    }

    /// <summary>The whole exposition at this moment.</summary>
    public string Write()
    {
        var text = new PrometheusText();
        lock (_gate)
        {
            WriteResponses(text);
            WriteAnswers(text);
        }

        NodeSnapshot.Write(text, _node);
        return text.ToString();
    }

    public void Dispose() => _node.Completed -= OnCompleted;

    private void OnCompleted(CompletedAnswer completed)
    {
        var id = Convert.ToHexStringLower(completed.Receipt.Model.AsSpan());
        lock (_gate)
        {
            if (!_modelNames.TryGetValue(id, out var name))
            {
                // Its request still holds the model in memory; afterwards the name may be gone.
                name = _node.Models.Loaded.FirstOrDefault(m => m.Model.Id == id)?.Model.Name ?? id;
                _modelNames[id] = name;
            }

            if (!_byModel.TryGetValue(name, out var metrics))
            {
                _byModel[name] = metrics = new AnswerMetrics();
            }

            metrics.Add(completed);
        }
    }

    private void WriteResponses(PrometheusText text)
    {
        text.Family("http_responses_total", "counter", "HTTP responses by API and status code.");
        foreach (var ((api, status), count) in _responses)
        {
            text.Sample(count, ("api", api), ("code", status.ToString(System.Globalization.CultureInfo.InvariantCulture)));
        }
    }

    private void WriteAnswers(PrometheusText text)
    {
        text.Family("requests_total", "counter", "Requests that have a receipt, by API, model and outcome.");
        foreach (var (model, metrics) in _byModel)
        {
            foreach (var ((api, outcome), count) in metrics.Requests)
            {
                text.Sample(count, ("api", Words.Of(api)), ("model", model), ("outcome", Words.Of(outcome)));
            }
        }

        Each("prompt_tokens_total", "counter", "Prompt tokens, those reused from a cache included.", m => m.PromptTokens);
        Each("cached_tokens_total", "counter", "Prompt tokens that were reused from an earlier turn's cache.", m => m.CachedTokens);
        Each("completion_tokens_total", "counter", "Tokens delivered.", m => m.CompletionTokens);
        Each("fees_offlm_total", "counter", "Fees in OFFLM as a float, for charts; amounts to the atto are in the receipts.", m => m.Fees);
        Each("answer_energy_joules_total", "counter", "Joules above the idle draw on the receipts.", m => m.Joules);
        Each("energy_joules_per_token", "gauge", "The same for each token delivered, prompts included, since the start.", m => m.CompletionTokens > 0 ? m.Joules / m.CompletionTokens : 0);
        Histograms("time_to_first_token_seconds", "From a place in the queue to the first token; loading the model is not in it.", m => m.FirstToken);
        Histograms("time_per_output_token_seconds", "Mean time between two tokens of an answer.", m => m.PerToken);
        Histograms("e2e_request_latency_seconds", "From admission to the durable receipt.", m => m.Request);

        void Each(string name, string type, string help, Func<AnswerMetrics, double> value)
        {
            text.Family(name, type, help);
            foreach (var (model, metrics) in _byModel)
            {
                text.Sample(value(metrics), ("model", model));
            }
        }

        void Histograms(string name, string help, Func<AnswerMetrics, Histogram> value)
        {
            text.Family(name, "histogram", help);
            foreach (var (model, metrics) in _byModel)
            {
                text.Histogram(value(metrics), ("model", model));
            }
        }
    }
}
