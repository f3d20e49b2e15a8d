namespace OffLM.Edge.Inference.Tests.Sampling;

internal static class RandomExtensions
{
    /// <summary>Fills logits as spread as a model's.</summary>
    public static void NextDoubles(this Random random, float[] logits)
    {
        for (var i = 0; i < logits.Length; i++)
        {
            logits[i] = (float)((random.NextDouble() + random.NextDouble() + random.NextDouble()) * 8);
        }
    }
}
