using System.Text;

namespace OffLM.Edge.Lan.Serving;

/// <summary>Turns the model's text into what the client sees: as it is, with calls found in it, or as one call as a whole.</summary>
internal sealed class AnswerText
{
    private readonly ToolCallParser? _parser;
    private readonly StringBuilder? _wholeCall;
    private readonly List<AnswerPart> _parts = [];

    private AnswerText(ToolCallParser? parser, bool wholeCall)
    {
        _parser = parser;
        _wholeCall = wholeCall ? new StringBuilder() : null;
    }

    /// <summary>True once a call was found.</summary>
    public bool HasCalls { get; private set; }

    /// <summary>True while text is held back.</summary>
    public bool IsHolding => _wholeCall is { Length: > 0 } || _parser is { IsHolding: true };

    /// <summary>Text as it is.</summary>
    public static AnswerText Plain() => new(null, false);

    /// <summary>Text in which the model may call these functions.</summary>
    public static AnswerText WithCalls(ToolSet tools) => new(new ToolCallParser([.. tools.Functions.Keys]), false);

    /// <summary>Text that was guided to be one call and nothing else.</summary>
    public static AnswerText OneCall() => new(null, true);

    /// <summary>Takes text and gives what can be sent on; the list is reused.</summary>
    public IReadOnlyList<AnswerPart> Append(string text)
    {
        if (_parser is not null)
        {
            return _parser.Append(text);
        }

        _parts.Clear();
        if (_wholeCall is not null)
        {
            _wholeCall.Append(text);
        }
        else if (text.Length > 0)
        {
            _parts.Add(new AnswerPart(text, null));
        }

        return _parts;
    }

    /// <summary>Gives what is left when the text is at its end.</summary>
    public IReadOnlyList<AnswerPart> Finish()
    {
        if (_parser is not null)
        {
            var last = _parser.Finish();
            HasCalls = _parser.HasCalls;
            return last;
        }

        _parts.Clear();
        if (_wholeCall is { Length: > 0 })
        {
            // Cut off by the token limit it is no call, and the client sees what there is of it.
            var text = _wholeCall.ToString();
            var call = ToolCall.TryParse(text);
            HasCalls = call is not null;
            _parts.Add(call is null ? new AnswerPart(text, null) : new AnswerPart(null, call));
            _wholeCall.Clear();
        }

        return _parts;
    }
}
