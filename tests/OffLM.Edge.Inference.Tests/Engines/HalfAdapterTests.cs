namespace OffLM.Edge.Inference.Tests.Engines;

/// <summary>The same in 16-bit floats.</summary>
public sealed class HalfAdapterTests() : AdapterTests(half: true);
