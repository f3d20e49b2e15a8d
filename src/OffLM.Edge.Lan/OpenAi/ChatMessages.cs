using System.Text;
using System.Text.Json;
using OffLM.Edge.Lan.Serving;

namespace OffLM.Edge.Lan.OpenAi;

/// <summary>Reads the <c>messages</c> of a chat completion.</summary>
internal static class ChatMessages
{
    /// <summary>The messages as a JSON array for the chat template.</summary>
    /// <exception cref="ApiException">There are none, or one is not as it should be.</exception>
    public static string Read(Fields request)
    {
        var messages = request.Items("messages");
        if (messages.Count == 0)
        {
            throw ApiException.BadRequest("'messages' is missing or empty; at least one message was expected.", "messages");
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
        switch (message.RequiredText("role"))
        {
            // What newer models call developer, chat templates call system.
            case "system" or "developer":
                conversation.Add("system", RequiredContent(message));
                break;
            case "user":
                conversation.Add("user", RequiredContent(message));
                break;
            case "assistant" when message.Items("tool_calls") is { Count: > 0 } calls:
                conversation.AddCalls(Content(message) ?? "", [.. calls.Select(c => ReadCall(Fields.ObjectOf(c.Value, c.Path)))]);
                break;
            case "assistant":
                conversation.Add("assistant", Content(message) ?? message.Text("refusal") ?? "");
                break;
            case "tool":
                conversation.AddToolAnswer(RequiredContent(message), message.Text("name"), message.Text("tool_call_id"));
                break;
            default:
                throw Fields.Wrong(message.PathOf("role"), "one of system, developer, user, assistant, tool", "another word");
        }
    }

    private static string RequiredContent(Fields message) => Content(message)
        ?? throw ApiException.BadRequest($"'{message.PathOf("content")}' is missing; a string or an array of text parts was expected.", message.PathOf("content"));

    private static string? Content(Fields message)
    {
        if (!message.TryGet("content", out var content))
        {
            return null;
        }

        var path = message.PathOf("content");
        return content.ValueKind switch
        {
            JsonValueKind.String => Fields.TextOf(content, path),
            JsonValueKind.Array => Join(Fields.ItemsOf(content, path)),
            _ => throw Fields.Wrong(path, "a string or an array of text parts", Fields.Describe(content)),
        };
    }

    private static string Join(IReadOnlyList<(JsonElement Value, string Path)> parts)
    {
        var text = new StringBuilder();
        foreach (var (value, path) in parts)
        {
            var part = Fields.ObjectOf(value, path);
            text.Append(part.RequiredText("type") switch
            {
                "text" => RequiredPart(part, "text"),
                "refusal" => RequiredPart(part, "refusal"),
                "image_url" => throw ApiException.BadRequest($"'{path}' is an image; this node's models read text only.", path),
                "input_audio" or "file" => throw ApiException.BadRequest($"'{path}' is a file; this node's models read text only.", path),
                _ => throw Fields.Wrong(part.PathOf("type"), "'text'", "another kind of part"),
            });
        }

        return text.ToString();
    }

    private static string RequiredPart(Fields part, string name) =>
        part.Text(name) ?? throw ApiException.BadRequest($"'{part.PathOf(name)}' is missing; a string was expected.", part.PathOf(name));

    private static ToolCall ReadCall(Fields call)
    {
        var function = call.Object("function") ?? throw ApiException.BadRequest($"'{call.PathOf("function")}' is missing.", call.PathOf("function"));
        var arguments = function.TryGet("arguments", out var value) ? ToolCall.TryArguments(value) : "{}";
        return new ToolCall(
            function.RequiredText("name"),
            arguments ?? throw Fields.Wrong(function.PathOf("arguments"), "a JSON object in a string", "something else"));
    }
}
