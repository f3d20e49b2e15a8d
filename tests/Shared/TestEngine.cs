using OffLM.Edge.Inference;

namespace OffLM.Edge.Tests.Shared;

/// <summary>What computes the models of tests that leave the choice to the product: that, or what <c>OFFLM_TEST_ENGINE</c> names (direct, genai). All must
/// pass on each.</summary>
internal static class TestEngine
{
    public static ModelHostOptions For(ModelHostOptions options) =>
        options.Engine == EngineChoice.Auto && Environment.GetEnvironmentVariable("OFFLM_TEST_ENGINE") is { Length: > 0 } name
            ? options with { Engine = Enum.Parse<EngineChoice>(name, ignoreCase: true) }
            : options;
}
