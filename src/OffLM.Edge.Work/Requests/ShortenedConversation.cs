using System.Text.Json;

namespace OffLM.Edge.Work.Requests;

/// <summary>A conversation without its oldest messages. What the system said stays, and the last message.</summary>
internal sealed class ShortenedConversation
{
    private readonly List<(string Json, bool Stays)> _messages = [];

    /// <param name="messagesJson">All messages, a JSON array of objects.</param>
    public ShortenedConversation(string messagesJson)
    {
        using var document = JsonDocument.Parse(messagesJson);
        foreach (var message in document.RootElement.EnumerateArray())
        {
            _messages.Add((message.GetRawText(), message.TryGetProperty("role", out var role) && role.ValueEquals("system")));
        }

        if (_messages.Count > 0)
        {
            _messages[^1] = (_messages[^1].Json, true);
        }
    }

    /// <summary>Messages that can be left out.</summary>
    public int Forgettable => _messages.Count(m => !m.Stays);

    /// <summary>The messages without so many of the oldest.</summary>
    public string Without(int oldest)
    {
        List<string> kept = [];
        foreach (var (json, stays) in _messages)
        {
            if (stays || oldest-- <= 0)
            {
                kept.Add(json);
            }
        }

        return $"[{string.Join(',', kept)}]";
    }
}
