using System.Text;
using OffLM.Edge.Lan.Serving;

namespace OffLM.Edge.Lan.Tests.Serving;

public sealed class ToolCallParserTests
{
    private const string Call = """<tool_call>{"name": "f", "arguments": {"a": 1}}</tool_call>""";

    public static TheoryData<string, string, string> Texts => new()
    {
        { "plain text", "plain text", "" },
        { Call, "", """f{"a":1}""" },
        { $"Let me see.\n{Call}\n", "Let me see.\n", """f{"a":1}""" },
        { $"\n\n{Call}\n{Call}\n", "", """f{"a":1}f{"a":1}""" },
        { $"{Call}\nDone.", "\nDone.", """f{"a":1}""" },
        { "<tool_call>\n{\"name\":\n\"f\",\"arguments\":{\n}}\n</tool_call>", "", "f{}" },
        { """<tool_call>{"name":"f"}</tool_call>""", "", "f{}" },
        { """<tool_call>{"name":"f","parameters":{"x":"y"}}</tool_call>""", "", """f{"x":"y"}""" },
        { """<tool_call>{"name":"f","arguments":"{\"x\": 2}"}</tool_call>""", "", """f{"x":2}""" },
        { """<tool_call>{"name":"f","arguments":{"html":"</tool_call>"}}</tool_call>after""", "after", """f{"html":"</tool_call>"}""" },
        { """<tool_call>{"name":"f","arguments":{"q":"\"</tool_call>\\"}}</tool_call>""", "", """f{"q":"\"</tool_call>\\"}""" },
        { """<tool_call>{"name":"f","arguments":{"a":1}}""", "", """f{"a":1}""" },
        { """<tool_call>{"name":"f","argum""", """<tool_call>{"name":"f","argum""", "" },
        { "<tool_call>not json</tool_call> and on", "<tool_call>not json</tool_call> and on", "" },
        { """<tool_call>{"name":"unknown","arguments":{}}</tool_call>""", """<tool_call>{"name":"unknown","arguments":{}}</tool_call>""", "" },
        { """<tool_call>{"name":"f","arguments":[1]}</tool_call>""", """<tool_call>{"name":"f","arguments":[1]}</tool_call>""", "" },
        { """<tool_call>{"name":"f","arguments":{"a":"\ud800"}}</tool_call>""", """<tool_call>{"name":"f","arguments":{"a":"\ud800"}}</tool_call>""", "" },
        { "a < b and <tool_ and <<tool_call", "a < b and <tool_ and <<tool_call", "" },
        { $"<{Call}", "<", """f{"a":1}""" },
        { $"<tool_<tool{Call}", "<tool_<tool", """f{"a":1}""" },
        { "ends with <", "ends with <", "" },
        { "  \n", "  \n", "" },
        { "", "", "" },
    };

    [Theory]
    [MemberData(nameof(Texts))]
    public void The_same_text_and_calls_come_out_wherever_the_stream_is_cut(string input, string text, string calls)
    {
        Assert.Equal((text, calls), Parse(input.Select(c => c.ToString())));
        for (var i = 0; i <= input.Length; i++)
        {
            Assert.Equal((text, calls), Parse([input[..i], input[i..]]));
        }

        var random = new Random(1);
        for (var round = 0; round < 50; round++)
        {
            Assert.Equal((text, calls), Parse(Cut(input, random)));
        }
    }

    [Fact]
    public void Text_that_can_not_be_a_call_is_not_held_back()
    {
        var parser = new ToolCallParser(["f"]);

        Assert.Equal("hello ", Text(parser.Append("hello ")));
        Assert.False(parser.IsHolding);
        Assert.Equal("", Text(parser.Append("<tool")));
        Assert.True(parser.IsHolding);
        Assert.Equal("<tools>", Text(parser.Append("s>")));
        Assert.False(parser.IsHolding);
    }

    [Fact]
    public void A_call_is_given_as_soon_as_it_is_closed()
    {
        var parser = new ToolCallParser(["f"]);

        Assert.Empty(parser.Append(Call.AsSpan(0, Call.Length - 1)));
        Assert.Equal("f", Assert.Single(parser.Append(">")).Call!.Name);
        Assert.False(parser.IsHolding);
    }

    private static IEnumerable<string> Cut(string input, Random random)
    {
        for (var at = 0; at < input.Length;)
        {
            var length = Math.Min(random.Next(1, 9), input.Length - at);
            yield return input.Substring(at, length);
            at += length;
        }
    }

    private static (string Text, string Calls) Parse(IEnumerable<string> pieces)
    {
        var parser = new ToolCallParser(["f"]);
        var text = new StringBuilder();
        var calls = new StringBuilder();
        foreach (var piece in pieces)
        {
            Take(parser.Append(piece));
        }

        Take(parser.Finish());
        Assert.False(parser.IsHolding);
        return (text.ToString(), calls.ToString());

        void Take(IReadOnlyList<AnswerPart> parts)
        {
            foreach (var part in parts)
            {
                text.Append(part.Text);
                calls.Append(part.Call?.Name).Append(part.Call?.Arguments);
            }
        }
    }

    private static string Text(IReadOnlyList<AnswerPart> parts) => string.Concat(parts.Select(p => p.Text));
}
