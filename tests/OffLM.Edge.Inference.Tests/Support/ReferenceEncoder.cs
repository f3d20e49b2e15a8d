using OffLM.ModelForge;
using OffLM.ModelForge.Weights;

namespace OffLM.Edge.Inference.Tests.Support;

/// <summary>The forge's encoder written down as plain sums, for one sequence without padding: what the engine's result must be.</summary>
internal sealed class ReferenceEncoder(EncoderRecipe recipe)
{
    private readonly int _width = recipe.Hidden;

    /// <summary>The vector of each token.</summary>
    public double[][] States(int[] tokens)
    {
        var words = Table("embeddings.word_embeddings.weight", recipe.Vocabulary, _width, 1);
        var places = Table("embeddings.position_embeddings.weight", recipe.Context, _width, 0.2f);
        var types = Table("embeddings.token_type_embeddings.weight", 2, _width, 0.2f);
        var states = tokens.Select((token, place) => Normal(Range(_width, i => words[token][i] + types[0][i] + places[place][i]))).ToArray();
        for (var layer = 0; layer < recipe.Layers; layer++)
        {
            var name = $"encoder.layer.{layer}";
            var attended = Linear(name + ".attention.output.dense", Attention(name + ".attention", states), _width);
            states = [.. states.Zip(attended, (a, b) => Normal(Sum(a, b)))];
            var wide = Linear(name + ".intermediate.dense", states, recipe.Intermediate).Select(v => Array.ConvertAll(v, Gelu)).ToArray();
            states = [.. states.Zip(Linear(name + ".output.dense", wide, _width), (a, b) => Normal(Sum(a, b)))];
        }

        return states;
    }

    /// <summary>The embedding of mean pooling, of length 1.</summary>
    public double[] Embedding(int[] tokens)
    {
        var states = States(tokens);
        var mean = Range(_width, i => states.Average(s => s[i]));
        var length = Math.Sqrt(mean.Sum(x => x * x));
        return Array.ConvertAll(mean, x => x / length);
    }

    private double[][] Attention(string name, double[][] states)
    {
        var size = _width / recipe.Heads;
        var (queries, keys, values) = (Linear(name + ".query", states, _width), Linear(name + ".key", states, _width), Linear(name + ".value", states, _width));
        return [.. queries.Select(query => Enumerable.Range(0, recipe.Heads).SelectMany(head =>
        {
            var part = new Range(head * size, (head + 1) * size);
            var scores = Array.ConvertAll(keys, key => Math.Exp(Dot(query[part], key[part]) / Math.Sqrt(size)));
            return Range(size, i => scores.Zip(values, (score, value) => score * value[(head * size) + i]).Sum() / scores.Sum());
        }).ToArray())];
    }

    private double[][] Linear(string name, double[][] inputs, int outputs)
    {
        var width = inputs[0].Length;
        var weights = Table(name + ".weight", width, outputs, 1 / MathF.Sqrt(width));
        var bias = Table(name + ".bias", 1, outputs, 0.1f)[0];
        return Array.ConvertAll(inputs, x => Range(outputs, j => Enumerable.Range(0, width).Sum(i => x[i] * weights[i][j]) + bias[j]));
    }

    private double[][] Table(string name, int rows, int columns, float deviation)
    {
        var random = new RandomStream(recipe.Seed, name);
        return [.. Enumerable.Range(0, rows).Select(_ => Range(columns, _ => random.Normal(deviation)))];
    }

    private static double[] Normal(double[] x)
    {
        var mean = x.Average();
        var deviation = Math.Sqrt(x.Average(v => (v - mean) * (v - mean)));
        return Array.ConvertAll(x, v => (v - mean) / deviation);
    }

    /// <summary>x·Φ(x), with the integral of the normal distribution's density as a sum.</summary>
    private static double Gelu(double x)
    {
        const int Steps = 200;
        var step = x / Steps;
        var integral = Enumerable.Range(0, Steps).Sum(i => Math.Exp(-0.5 * (i + 0.5) * step * (i + 0.5) * step)) * step;
        return x * (0.5 + (integral / Math.Sqrt(2 * Math.PI)));
    }

    private static double[] Sum(double[] a, double[] b) => [.. a.Zip(b, (x, y) => x + y)];

    private static double Dot(double[] a, double[] b) => a.Zip(b, (x, y) => x * y).Sum();

    private static double[] Range(int count, Func<int, double> value) => [.. Enumerable.Range(0, count).Select(value)];
}
