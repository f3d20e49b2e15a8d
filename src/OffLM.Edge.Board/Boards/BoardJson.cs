using System.Text.Json;
using System.Text.Json.Serialization;

namespace OffLM.Edge.Board.Boards;

/// <summary>Board files: camel case, comments allowed, unknown keys refused.</summary>
[JsonSourceGenerationOptions(
    JsonSerializerDefaults.Web,
    NumberHandling = JsonNumberHandling.Strict,
    ReadCommentHandling = JsonCommentHandling.Skip,
    AllowTrailingCommas = true,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow)]
[JsonSerializable(typeof(BoardFile))]
internal sealed partial class BoardJson : JsonSerializerContext;
