using System.Text.Json.Serialization;

namespace OffLM.Edge.Commands;

[JsonSerializable(typeof(string))]
internal sealed partial class CommandJson : JsonSerializerContext;
