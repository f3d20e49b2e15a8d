using Microsoft.AspNetCore.Http;
using OffLM.Edge.Lan.Serving;
using OffLM.Edge.Work;

namespace OffLM.Edge.Lan.Ollama;

/// <summary><c>POST /api/chat</c>.</summary>
internal sealed class OllamaChatEndpoint(Node node, AnswerDelivery delivery, TimeProvider time)
{
    public async Task HandleAsync(HttpContext context)
    {
        using var body = await RequestBody.ReadAsync(context);
        var fields = body.Fields;
        var request = CommonFields.Read(fields);
        var messages = OllamaMessages.Read(fields);
        if (messages is null)
        {
            await LoadRequest.HandleAsync(context, node, request, time, json => OllamaAnswerFormat.WriteMessage(json, "", []));
            return;
        }

        var tools = ToolSet.Read(fields);
        if (tools is not null)
        {
            ToolSet.RequireCapability(node, request.Model);
        }

        request = request with { MessagesJson = messages, ToolsJson = tools?.Json, MayForget = true };
        await delivery.RunAsync(
            context,
            RetryHeader.Apply(request, context, body),
            tools is not null && request.Guidance is null ? AnswerText.WithCalls(tools) : AnswerText.Plain(),
            answer => new OllamaAnswerFormat(answer, request.Model, time, isChat: true));
    }
}
