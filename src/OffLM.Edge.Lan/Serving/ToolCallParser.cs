using System.Text;

namespace OffLM.Edge.Lan.Serving;

/// <summary>
/// Finds <c>&lt;tool_call&gt;{…}&lt;/tool_call&gt;</c> in a stream of text. Text that may be the start of a call is held back until
/// it is known; what turns out to be no call of an offered function is text.
/// </summary>
internal sealed class ToolCallParser(IReadOnlyCollection<string> functions)
{
    private const string Open = "<tool_call>";
    private const string Close = "</tool_call>";

    private readonly StringBuilder _text = new();
    private readonly StringBuilder _space = new();
    private readonly StringBuilder _call = new();
    private readonly List<AnswerPart> _parts = [];

    /// <summary>How much of <see cref="Open"/>, or inside a call of <see cref="Close"/>, the last characters are.</summary>
    private int _matched;

    private bool _inCall;
    private bool _inString;
    private bool _escaped;

    /// <summary>True until text other than white space came, since the start or the last call: there white space is only layout.</summary>
    private bool _atEdge = true;

    /// <summary>True once a call was found.</summary>
    public bool HasCalls { get; private set; }

    /// <summary>True while text is held back.</summary>
    public bool IsHolding => _inCall || _matched > 0 || _space.Length > 0;

    /// <summary>Takes text and gives what can be sent on; the list is reused.</summary>
    public IReadOnlyList<AnswerPart> Append(ReadOnlySpan<char> text)
    {
        _parts.Clear();
        foreach (var c in text)
        {
            if (_inCall)
            {
                AppendToCall(c);
            }
            else
            {
                AppendToText(c);
            }
        }

        FlushText();
        return _parts;
    }

    /// <summary>Gives what is left when the text is at its end: models often omit the closing tag of the last call.</summary>
    public IReadOnlyList<AnswerPart> Finish()
    {
        _parts.Clear();
        if (_inCall)
        {
            EndCall(_call.ToString(), "");
        }
        else if (_matched > 0)
        {
            AddText(Open.AsSpan(0, _matched));
            _matched = 0;
        }

        if (!HasCalls)
        {
            _text.Append(_space);
        }

        _space.Clear();
        FlushText();
        return _parts;
    }

    private void AppendToText(char c)
    {
        if (c == Open[_matched])
        {
            if (++_matched == Open.Length)
            {
                _matched = 0;
                _inCall = true;
            }

            return;
        }

        // '<' is only the tag's first character, so no shorter start of it can be inside what was matched.
        if (_matched > 0)
        {
            AddText(Open.AsSpan(0, _matched));
            _matched = 0;
        }

        if (c == Open[0])
        {
            _matched = 1;
        }
        else
        {
            AddText(c);
        }
    }

    private void AppendToCall(char c)
    {
        _call.Append(c);
        _matched = c == Close[_matched] ? _matched + 1 : c == Close[0] ? 1 : 0;
        if (_matched == Close.Length)
        {
            _matched = 0;
            if (!_inString)
            {
                EndCall(_call.ToString(0, _call.Length - Close.Length), Close);
            }
        }
        else if (_inString && !_escaped && c == '\\')
        {
            _escaped = true;
        }
        else
        {
            _inString ^= c == '"' && !_escaped;
            _escaped = false;
        }
    }

    private void EndCall(string body, string close)
    {
        _call.Clear();
        (_inCall, _inString, _escaped, _matched) = (false, false, false, 0);
        if (ToolCall.TryParse(body) is { } call && functions.Contains(call.Name))
        {
            _space.Clear();
            FlushText();
            _parts.Add(new AnswerPart(null, call));
            HasCalls = true;
            _atEdge = true;
        }
        else
        {
            AddText(Open);
            AddText(body);
            AddText(close);
        }
    }

    private void AddText(ReadOnlySpan<char> text)
    {
        foreach (var c in text)
        {
            AddText(c);
        }
    }

    private void AddText(char c)
    {
        if (_atEdge && char.IsWhiteSpace(c))
        {
            _space.Append(c);
            return;
        }

        _text.Append(_space).Append(c);
        _space.Clear();
        _atEdge = false;
    }

    private void FlushText()
    {
        if (_text.Length > 0)
        {
            _parts.Add(new AnswerPart(_text.ToString(), null));
            _text.Clear();
        }
    }
}
