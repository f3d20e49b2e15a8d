using OffLM.Edge.Inference;
using OffLM.Edge.Lan.Serving;

namespace OffLM.Edge.Lan.OpenAi;

/// <summary>Reads <c>response_format</c>.</summary>
internal static class ResponseFormat
{
    /// <returns>What the answer must conform to; null for free text.</returns>
    public static Guidance? Read(Fields request)
    {
        if (request.Object("response_format") is not { } format)
        {
            return null;
        }

        switch (format.RequiredText("type"))
        {
            case "text":
                return null;
            case "json_object":
                return new Guidance(GuidanceKind.JsonObject, "");
            case "json_schema":
                var schema = format.Object("json_schema")?.Object("schema")
                    ?? throw ApiException.BadRequest(
                        "'response_format.json_schema.schema' is missing; a JSON schema was expected.", "response_format.json_schema.schema");
                return new Guidance(GuidanceKind.JsonSchema, schema.Element.GetRawText());
            default:
                throw Fields.Wrong("response_format.type", "text, json_object or json_schema", "another word");
        }
    }
}
