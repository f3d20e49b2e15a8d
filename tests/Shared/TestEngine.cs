using OffLM.Edge.Inference;

namespace OffLM.Edge.Tests.Shared;

/// <summary>What computes the models of these tests: the product's own choice, or what <c>OFFLM_TEST_ENGINE</c> names (direct, genai). All must pass on each.</summary>
internal static class TestEngine
{
    public static ModelHostOptions For(ModelHostOptions options) =>
        Environment.GetEnvironmentVariable("OFFLM_TEST_ENGINE") is { Length: > 0 } name ? options with { Engine = Enum.Parse<EngineChoice>(name, ignoreCase: true) } : options;
}
