namespace OffLM.ModelForge.Tests;

/// <summary>The chat template as GenAI's own template engine renders it.</summary>
public sealed class ChatTemplateTests(TinyModel tiny) : IClassFixture<TinyModel>
{
    private const string WeatherTool =
        """
        [{"type":"function","function":{"name":"weather","description":"Asks for it",
          "parameters":{"type":"object","properties":{"city":{"type":"string"}}}}}]
        """;

    [Fact]
    public void A_chat_without_a_system_message_gets_the_default_one() => AssertRenders(
        """[{"role":"user","content":"Hi \"there\" 你"}]""",
        """
        <|im_start|>system
        You are a helpful assistant.<|im_end|>
        <|im_start|>user
        Hi "there" 你<|im_end|>
        <|im_start|>assistant

        """);

    [Fact]
    public void Several_turns_keep_their_order_and_roles() => AssertRenders(
        """
        [{"role":"system","content":"Be brief."},{"role":"user","content":"One"},{"role":"assistant","content":"Two"},
         {"role":"system","content":"Now in French."},{"role":"user","content":"Three"}]
        """,
        """
        <|im_start|>system
        Be brief.<|im_end|>
        <|im_start|>user
        One<|im_end|>
        <|im_start|>assistant
        Two<|im_end|>
        <|im_start|>system
        Now in French.<|im_end|>
        <|im_start|>user
        Three<|im_end|>
        <|im_start|>assistant

        """);

    [Fact]
    public void The_answer_is_opened_only_when_asked_for()
    {
        var prompt = tiny.Loaded.Render("""[{"role":"user","content":"Hi"}]""", addGenerationPrompt: false);

        Assert.EndsWith("Hi<|im_end|>\n", prompt);
    }

    [Theory]
    [InlineData("""[{"role":"user","content":null}]""")]
    [InlineData("""[{"role":"user"}]""")]
    [InlineData("""[{"role":"user","content":""}]""")]
    public void Absent_content_is_an_empty_message(string messages)
    {
        var prompt = tiny.Loaded.Render(messages);

        Assert.Contains("<|im_start|>user\n<|im_end|>\n", prompt);
        Assert.DoesNotContain("null", prompt, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("none", prompt, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void Tools_are_listed_in_the_system_message_with_the_form_of_a_call()
    {
        var prompt = tiny.Loaded.Render("""[{"role":"system","content":"Be brief."},{"role":"user","content":"Rain?"}]""", WeatherTool);

        var system = prompt[..prompt.IndexOf("<|im_end|>", StringComparison.Ordinal)];
        Assert.StartsWith("<|im_start|>system\nBe brief.\n\n", system);
        Assert.Equal(
            """{"name": "weather", "description": "Asks for it", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}}""",
            Between(system, "<tools>\n", "\n</tools>"));
        Assert.Contains("<tool_call>\n{\"name\": ", system);
    }

    [Fact]
    public void No_tools_means_no_word_about_them()
    {
        const string Messages = """[{"role":"user","content":"Rain?"}]""";

        Assert.DoesNotContain("tool", tiny.Loaded.Render(Messages));
        Assert.DoesNotContain("tool", tiny.Loaded.Render(Messages, "[]"));
    }

    [Theory]
    [InlineData("""{"city": "Köln"}""")]
    [InlineData("\"{\\\"city\\\": \\\"Köln\\\"}\"")]
    public void Calls_and_their_answers_are_rendered_whether_arguments_are_an_object_or_a_string(string arguments) => AssertRenders(
        $$$"""
        [{"role":"user","content":"Rain?"},
         {"role":"assistant","content":null,"tool_calls":[
           {"id":"a","type":"function","function":{"name":"weather","arguments":{{{arguments}}}}},
           {"id":"b","type":"function","function":{"name":"weather","arguments":{{{arguments}}}}}]},
         {"role":"tool","tool_call_id":"a","content":"wet"},
         {"role":"tool","tool_call_id":"b","content":"dry"},
         {"role":"assistant","content":"Both."}]
        """,
        """
        <|im_start|>system
        You are a helpful assistant.<|im_end|>
        <|im_start|>user
        Rain?<|im_end|>
        <|im_start|>assistant
        <tool_call>
        {"name": "weather", "arguments": {"city": "Köln"}}
        </tool_call>
        <tool_call>
        {"name": "weather", "arguments": {"city": "Köln"}}
        </tool_call><|im_end|>
        <|im_start|>user
        <tool_response>
        wet
        </tool_response>
        <tool_response>
        dry
        </tool_response><|im_end|>
        <|im_start|>assistant
        Both.<|im_end|>
        <|im_start|>assistant

        """);

    [Fact]
    public void Text_before_a_call_is_kept()
    {
        var prompt = tiny.Loaded.Render(
            """[{"role":"assistant","content":"Let me look.","tool_calls":[{"function":{"name":"f","arguments":{}}}]}]""");

        Assert.Contains("Let me look.\n<tool_call>\n{\"name\": \"f\", \"arguments\": {}}\n</tool_call><|im_end|>", prompt);
    }

    private static string Between(string text, string before, string after)
    {
        var start = text.IndexOf(before, StringComparison.Ordinal) + before.Length;
        return text[start..text.IndexOf(after, start, StringComparison.Ordinal)];
    }

    private void AssertRenders(string messages, string expected) => Assert.Equal(expected, tiny.Loaded.Render(messages));
}
