using OffLM.Edge.Lan.Serving;

namespace OffLM.Edge.Lan.Ollama;

/// <summary>Reads the <c>messages</c> of a chat.</summary>
internal static class OllamaMessages
{
    /// <summary>The messages as a JSON array for the chat template; null if there are none.</summary>
    public static string? Read(Fields request)
    {
        var messages = request.Items("messages");
        if (messages.Count == 0)
        {
            return null;
        }

        using var conversation = new Conversation();
        foreach (var (value, path) in messages)
        {
            Add(conversation, Fields.ObjectOf(value, path));
        }

        return conversation.ToJson();
    }

    private static void Add(Conversation conversation, Fields message)
    {
        CommonFields.RefuseImages(message);
        var content = message.Text("content") ?? "";
        var role = message.RequiredText("role");
        switch (role)
        {
            case "assistant" when message.Items("tool_calls") is { Count: > 0 } calls:
                conversation.AddCalls(content, [.. calls.Select(c => ReadCall(Fields.ObjectOf(c.Value, c.Path)))]);
                break;
            case "system" or "user" or "assistant":
                conversation.Add(role, content);
                break;
            case "tool":
                conversation.AddToolAnswer(content, message.Text("tool_name") ?? message.Text("name"), message.Text("tool_call_id"));
                break;
            default:
                throw Fields.Wrong(message.PathOf("role"), "one of system, user, assistant, tool", "another word");
        }
    }

    private static ToolCall ReadCall(Fields call)
    {
        var function = call.Object("function") ?? throw ApiException.BadRequest($"'{call.PathOf("function")}' is missing.", call.PathOf("function"));
        var arguments = function.TryGet("arguments", out var value) ? ToolCall.TryArguments(value) : "{}";
        return new ToolCall(function.RequiredText("name"), arguments ?? throw Fields.Wrong(function.PathOf("arguments"), "an object", "something else"));
    }
}
