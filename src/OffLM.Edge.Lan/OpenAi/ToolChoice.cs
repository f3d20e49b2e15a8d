using System.Text.Json;
using OffLM.Edge.Inference;
using OffLM.Edge.Lan.Serving;

namespace OffLM.Edge.Lan.OpenAi;

/// <summary>What a request says about calling functions.</summary>
/// <param name="Offered">The functions that the model is told of; null for none.</param>
/// <param name="Forced">If a call is insisted on: what only such a call conforms to.</param>
internal sealed record ToolChoice(ToolSet? Offered, Guidance? Forced)
{
    /// <summary>Reads <c>tools</c> and <c>tool_choice</c>.</summary>
    public static ToolChoice Read(Fields request)
    {
        if (request.TryGet("functions", out _) || request.TryGet("function_call", out _))
        {
            throw ApiException.BadRequest("'functions' and 'function_call' were replaced by 'tools' and 'tool_choice'. Use those.", "functions");
        }

        var tools = ToolSet.Read(request);
        if (!request.TryGet("tool_choice", out var choice))
        {
            return new ToolChoice(tools, null);
        }

        if (choice.ValueKind == JsonValueKind.String)
        {
            return Fields.TextOf(choice, "tool_choice") switch
            {
                "none" => new ToolChoice(null, null),
                "auto" => new ToolChoice(tools, null),
                "required" => Force(tools, null),
                _ => throw Fields.Wrong("tool_choice", "none, auto, required, or an object that names a function", "another word"),
            };
        }

        var function = Fields.ObjectOf(choice, "tool_choice").Object("function")
            ?? throw ApiException.BadRequest("'tool_choice.function' is missing; the function to be called was expected.", "tool_choice");
        return Force(tools, function.RequiredText("name"));
    }

    private static ToolChoice Force(ToolSet? tools, string? only)
    {
        if (tools is null || (only is not null && !tools.Functions.ContainsKey(only)))
        {
            throw ApiException.BadRequest("'tool_choice' asks for a function that is not among 'tools'.", "tool_choice");
        }

        return new ToolChoice(tools, new Guidance(GuidanceKind.JsonSchema, tools.CallSchema(only)));
    }
}
