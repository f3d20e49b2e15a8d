using OffLM.Edge.Inference.Tests.Support;

namespace OffLM.Edge.Inference.Tests.Engines;

/// <summary>The same of the same model in standard operators, whose cache grows: both kinds of graph give the same scores. Each of their operators sums
/// in an order of its own, so that more activations are rounded the other way than within one kind.</summary>
public sealed class GrowingGraphTests(TinyModel tiny) : DirectEngineTests(tiny, tiny.StandardFolder, tolerance: 0.3f);
