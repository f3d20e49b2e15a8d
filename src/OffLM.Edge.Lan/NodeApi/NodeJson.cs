using System.Text.Json;
using System.Text.Json.Serialization;
using OffLM.Edge.Work.Callers;

namespace OffLM.Edge.Lan.NodeApi;

/// <summary>The node API's JSON: names in camel case, amounts as decimal strings, addresses in EIP-55, times in ISO 8601.</summary>
[JsonSourceGenerationOptions(
    JsonSerializerDefaults.Web,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    NumberHandling = JsonNumberHandling.Strict,
    Converters = [typeof(AddressJsonConverter), typeof(AttoJsonConverter)])]
[JsonSerializable(typeof(HealthView))]
[JsonSerializable(typeof(StatusView))]
[JsonSerializable(typeof(KeyView))]
[JsonSerializable(typeof(PowerView))]
[JsonSerializable(typeof(KeyTestView))]
[JsonSerializable(typeof(ModelsView))]
[JsonSerializable(typeof(VerificationView))]
[JsonSerializable(typeof(PullView))]
[JsonSerializable(typeof(PullLine))]
[JsonSerializable(typeof(ReceiptsView))]
[JsonSerializable(typeof(ForgottenView))]
[JsonSerializable(typeof(ApiKeyView))]
[JsonSerializable(typeof(ApiKeysView))]
[JsonSerializable(typeof(NewApiKeyView))]
[JsonSerializable(typeof(ApiKeyTemplate))]
[JsonSerializable(typeof(SealView))]
[JsonSerializable(typeof(ResendView))]
[JsonSerializable(typeof(AcceptedRollbackView))]
[JsonSerializable(typeof(CheckView))]
internal sealed partial class NodeJson : JsonSerializerContext;
