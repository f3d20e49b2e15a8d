using Microsoft.AspNetCore.Http;
using OffLM.Edge.Lan.Serving;
using OffLM.Edge.Work;

namespace OffLM.Edge.Lan.Ollama;

/// <summary><c>POST /api/generate</c>: one prompt, in the model's template unless it is raw.</summary>
internal sealed class GenerateEndpoint(Node node, AnswerDelivery delivery, TimeProvider time)
{
    public async Task HandleAsync(HttpContext context)
    {
        using var body = await RequestBody.ReadAsync(context);
        var fields = body.Fields;
        RefuseUnsupported(fields);
        var request = CommonFields.Read(fields);
        var prompt = fields.TryGet("prompt", out var value) ? PromptText.Read(value, "prompt") : "";
        if (prompt.Length == 0)
        {
            await LoadRequest.HandleAsync(context, node, request, time, json => json.WriteString("response", ""));
            return;
        }

        if (fields.Flag("raw") == true)
        {
            request = request with { Prompt = prompt };
        }
        else
        {
            using var conversation = new Conversation();
            if (fields.Text("system") is { Length: > 0 } system)
            {
                conversation.Add("system", system);
            }

            conversation.Add("user", prompt);
            request = request with { MessagesJson = conversation.ToJson() };
        }

        await delivery.RunAsync(
            context,
            RetryHeader.Apply(request, context, body),
            AnswerText.Plain(),
            answer => new OllamaAnswerFormat(answer, request.Model, time, isChat: false));
    }

    private static void RefuseUnsupported(Fields fields)
    {
        CommonFields.RefuseImages(fields);
        if (fields.Text("suffix") is { Length: > 0 })
        {
            throw ApiException.BadRequest("'suffix' is not supported: this node's models only continue a prompt.", "suffix");
        }

        if (fields.Text("template") is { Length: > 0 })
        {
            throw ApiException.BadRequest("'template' is not supported: the model's own is used. Send a prompt with 'raw': true to write it all yourself.", "template");
        }

        if (fields.Items("context").Count > 0)
        {
            throw ApiException.BadRequest("'context' is not supported; continue conversations with /api/chat.", "context");
        }
    }
}
