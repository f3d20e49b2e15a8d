using System.Text.Json;
using Microsoft.AspNetCore.Http;
using OffLM.Edge.Lan.Serving;
using OffLM.Edge.Work.Requests;

namespace OffLM.Edge.Lan.OpenAi;

/// <summary><c>POST /v1/completions</c>: a prompt is continued as it is.</summary>
internal sealed class CompletionEndpoint(AnswerDelivery delivery, TimeProvider time)
{
    /// <summary>OpenAI's default, which clients know to raise.</summary>
    private const int DefaultMaxTokens = 16;

    public async Task HandleAsync(HttpContext context)
    {
        using var body = await RequestBody.ReadAsync(context);
        var fields = body.Fields;
        var model = fields.RequiredText("model");
        SamplingFields.RequireOne(fields, "n");
        SamplingFields.RequireOne(fields, "best_of");
        RefuseUnsupported(fields);
        var (streaming, includeUsage) = SamplingFields.ReadStream(fields);
        var logprobs = (int?)fields.Integer("logprobs", 0, SamplingFields.MaxTopLogprobs);
        var request = new WorkRequest
        {
            Api = RequestApi.OpenAi,
            Model = model,
            Prompt = ReadPrompt(fields),
            MaxTokens = SamplingFields.ReadLimit(fields, "max_tokens") ?? DefaultMaxTokens,
            Sampling = SamplingFields.Read(fields, logprobs),
            Seeded = fields.TryGet("seed", out _),
            Stop = SamplingFields.ReadStop(fields),
            Guidance = ResponseFormat.Read(fields),
            Streaming = streaming,
        };
        var created = time.GetUtcNow();
        await delivery.RunAsync(
            context,
            RetryHeader.Apply(request, context, body),
            AnswerText.Plain(),
            answer => new CompletionFormat(new AnswerHead("cmpl-", answer, model, created), includeUsage));
    }

    private static void RefuseUnsupported(Fields fields)
    {
        if (fields.Flag("echo") == true)
        {
            throw ApiException.BadRequest("'echo' is not supported: put the prompt before the answer yourself.", "echo");
        }

        if (fields.Text("suffix") is { Length: > 0 })
        {
            throw ApiException.BadRequest("'suffix' is not supported: this node's models only continue a prompt.", "suffix");
        }
    }

    private static string ReadPrompt(Fields fields)
    {
        if (!fields.TryGet("prompt", out var prompt))
        {
            throw ApiException.BadRequest("'prompt' is missing; a string was expected.", "prompt");
        }

        if (prompt.ValueKind != JsonValueKind.Array)
        {
            return PromptText.Read(prompt, "prompt");
        }

        var items = Fields.ItemsOf(prompt, "prompt");
        return items switch
        {
            [{ Value.ValueKind: JsonValueKind.String } only] => PromptText.Read(only.Value, only.Path),
            [{ Value.ValueKind: JsonValueKind.Number or JsonValueKind.Array }, ..] =>
                throw ApiException.BadRequest("'prompt' must be text; it is token ids, which differ from model to model. Send the text.", "prompt"),
            _ => throw Fields.Wrong("prompt", "a string or an array of one string", $"an array of {items.Count}"),
        };
    }
}
