using Microsoft.AspNetCore.Http;
using OffLM.Edge.Lan.Serving;
using OffLM.Edge.Work;
using OffLM.Edge.Work.Requests;

namespace OffLM.Edge.Lan.OpenAi;

/// <summary><c>POST /v1/chat/completions</c>.</summary>
internal sealed class ChatEndpoint(Node node, AnswerDelivery delivery, TimeProvider time)
{
    public async Task HandleAsync(HttpContext context)
    {
        using var body = await RequestBody.ReadAsync(context);
        var fields = body.Fields;
        var model = fields.RequiredText("model");
        SamplingFields.RequireOne(fields, "n");
        RefuseOtherModalities(fields);
        var (streaming, includeUsage) = SamplingFields.ReadStream(fields);
        var tools = ToolChoice.Read(fields);
        if (tools.Offered is not null)
        {
            ToolSet.RequireCapability(node, model);
        }

        var request = new WorkRequest
        {
            Api = RequestApi.OpenAi,
            Model = model,
            MessagesJson = ChatMessages.Read(fields),
            ToolsJson = tools.Offered?.Json,
            MaxTokens = SamplingFields.ReadLimit(fields, "max_completion_tokens") ?? SamplingFields.ReadLimit(fields, "max_tokens"),
            Sampling = SamplingFields.Read(fields, ReadLogprobs(fields)),
            Seeded = fields.TryGet("seed", out _),
            Stop = SamplingFields.ReadStop(fields),
            Guidance = tools.Forced ?? ResponseFormat.Read(fields),
            Streaming = streaming,
        };
        var text = tools.Forced is not null ? AnswerText.OneCall()
            : tools.Offered is not null && request.Guidance is null ? AnswerText.WithCalls(tools.Offered)
            : AnswerText.Plain();
        var created = time.GetUtcNow();
        await delivery.RunAsync(
            context,
            RetryHeader.Apply(request, context, body),
            text,
            answer => new ChatFormat(new AnswerHead("chatcmpl-", answer, model, created), includeUsage, request.Sampling.TopLogprobs is not null));
    }

    private static void RefuseOtherModalities(Fields fields)
    {
        foreach (var (value, path) in fields.Items("modalities"))
        {
            if (Fields.TextOf(value, path) != "text")
            {
                throw Fields.Wrong(path, "'text'", "something this node's models don't make");
            }
        }
    }

    private static int? ReadLogprobs(Fields fields)
    {
        var top = (int?)fields.Integer("top_logprobs", 0, SamplingFields.MaxTopLogprobs);
        var wanted = fields.Flag("logprobs") ?? false;
        return wanted ? top ?? 0
            : top is > 0 ? throw ApiException.BadRequest("'top_logprobs' is only for requests with 'logprobs': true.", "top_logprobs")
            : null;
    }
}
