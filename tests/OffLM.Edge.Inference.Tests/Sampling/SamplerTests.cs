namespace OffLM.Edge.Inference.Tests.Sampling;

public sealed class SamplerTests
{
    private const int Vocabulary = 203; // not a multiple of any vector's length, nor of a block's

    /// <summary>More blocks than are looked for together.</summary>
    private const int LargeVocabulary = 5003;

    public static TheoryData<int> Cases => [.. Enumerable.Range(0, 60)];

    [Theory]
    [MemberData(nameof(Cases))]
    public void It_draws_tokens_as_often_as_the_plain_reference_says(int seed)
    {
        var random = new Random(seed);
        var options = RandomOptions(random);
        var prompt = RandomTokens(random, 20);
        var completion = RandomTokens(random, random.Next(30)).ToList();
        var logits = RandomLogits(random, seed % 3 == 0 ? LargeVocabulary : Vocabulary);
        var sampler = new Sampler(options, prompt, 100_000);
        completion.ForEach(sampler.Accept);
        var expected = ReferenceSampler.Probabilities(logits, options, prompt, completion);

        const int Draws = 4000;
        var counts = new int[logits.Length];
        for (var i = 0; i < Draws; i++)
        {
            counts[sampler.Sample(logits.ToArray())]++;
        }

        AssertFrequencies(expected, counts, Draws);
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Known_maxima_change_no_choice(int seed)
    {
        var random = new Random(seed);
        var options = RandomOptions(random);
        var prompt = RandomTokens(random, 20);
        var (plain, knowing) = (new Sampler(options, prompt, 1000), new Sampler(options, prompt, 1000));
        for (var i = 0; i < 100; i++)
        {
            var logits = RandomLogits(random, LargeVocabulary);
            var maxima = logits.Chunk(LogitBlocks.Size).Select(block => block.Max()).ToArray();
            var token = plain.Sample(logits.ToArray());
            Assert.Equal(token, knowing.Sample(logits.ToArray(), maxima));
            plain.Accept(token);
            knowing.Accept(token);
        }
    }

    [Theory]
    [InlineData(0, 1, 0)]
    [InlineData(40, 1, 0)]
    [InlineData(40, 0.9, 0)]
    [InlineData(0, 0.9, 0)]
    [InlineData(0, 1, 0.05)]
    public void What_is_no_number_and_missing_from_known_maxima_is_never_chosen(int topK, double topP, double minP)
    {
        var sampler = new Sampler(new SamplingOptions { Temperature = 2, TopK = topK, TopP = topP, MinP = minP, Seed = 4 }, [], 10);
        var logits = RandomLogits(new Random(2), LargeVocabulary);
        var maxima = logits.Chunk(LogitBlocks.Size).Select(block => block.Max()).ToArray();
        for (var i = 0; i < logits.Length; i += 3)
        {
            logits[i] = logits[i] < maxima[i / LogitBlocks.Size] ? float.NaN : logits[i];
        }

        var answered = 0;
        for (var draw = 0; draw < 300; draw++)
        {
            try
            {
                Assert.True(float.IsFinite(logits[sampler.Sample(logits.ToArray(), maxima)]));
                answered++;
            }
            catch (InferenceException e)
            {
                Assert.Contains("not finite", e.Message);
            }
        }

        // Where each token's weight counts, it can't be passed over.
        Assert.Equal(topK == 0 && topP < 1, answered == 0);
    }

    [Fact]
    public void Nearly_all_of_the_mass_is_found_where_many_tokens_have_none()
    {
        // Sums of weights are right to five digits, so that the candidates' may stay below what was asked for.
        var random = new Random(1);
        for (var i = 0; i < 20; i++)
        {
            var logits = RandomLogits(random, LargeVocabulary);
            var maxima = logits.Chunk(LogitBlocks.Size).Select(block => block.Max()).ToArray();
            var least = LogitMath.IndexOf(logits, logits.Min());
            foreach (var nothing in new[] { float.NaN, float.NegativeInfinity })
            {
                logits[least] = nothing;
                var sampler = new Sampler(new SamplingOptions { Temperature = 1, TopK = 0, TopP = 0.99999999, Seed = 1 }, [], 10);
                Assert.True(float.IsFinite(logits[sampler.Sample(logits.ToArray(), maxima)]));
            }
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Perturbed_logits_have_their_highest_as_often_as_the_reference_says_among_allowed_tokens(int seed)
    {
        var random = new Random(seed);
        var options = RandomOptions(random);
        var logits = RandomLogits(random, seed % 3 == 0 ? LargeVocabulary : Vocabulary);
        var allowed = Enumerable.Range(0, logits.Length).Where(_ => random.Next(3) > 0).ToHashSet();
        var sampler = new Sampler(options, [], 10);
        var expected = ReferenceSampler.Probabilities(logits, options, [], []);
        var mass = allowed.Sum(t => expected[t]);

        const int Draws = 4000;
        var counts = new int[logits.Length];
        for (var i = 0; i < Draws; i++)
        {
            var scores = logits.ToArray();
            sampler.Perturb(scores);
            counts[allowed.MaxBy(t => scores[t])]++;
        }

        if (mass > 0)
        {
            AssertFrequencies([.. expected.Select((p, t) => allowed.Contains(t) ? p / mass : 0)], counts, Draws);
        }
        else
        {
            // The grammar allows none of the likely tokens: the best of the others is taken.
            Assert.Equal(Draws, counts[allowed.MaxBy(t => logits[t])]);
        }
    }

    [Fact]
    public void The_same_seed_gives_the_same_tokens_and_another_seed_others()
    {
        int[] Draw(ulong seed)
        {
            var sampler = new Sampler(new SamplingOptions { Seed = seed, Temperature = 1, TopK = 0, TopP = 1 }, [], 100);
            return [.. Enumerable.Range(0, 50).Select(i => sampler.Sample(RandomLogits(new Random(i), Vocabulary)))];
        }

        Assert.Equal(Draw(5), Draw(5));
        Assert.NotEqual(Draw(5), Draw(6));
    }

    [Fact]
    public void A_draw_from_a_large_vocabulary_reaches_every_part_and_never_a_token_without_weight()
    {
        // Three tokens in blocks far apart, the last block with none.
        var logits = Enumerable.Repeat(float.NegativeInfinity, (200 * LogitBlocks.Size) + 7).ToArray();
        int[] possible = [3, 50 * LogitBlocks.Size, (170 * LogitBlocks.Size) - 1];
        (logits[possible[0]], logits[possible[1]], logits[possible[2]]) = (1, 2, 3);
        var sampler = new Sampler(new SamplingOptions { Temperature = 1, TopK = 0, TopP = 1, Seed = 5 }, [], 10);
        const int Draws = 4000;
        var counts = new int[logits.Length];
        for (var i = 0; i < Draws; i++)
        {
            counts[sampler.Sample(logits)]++;
        }

        Assert.Equal(Draws, possible.Sum(t => counts[t]));
        var sum = Math.Exp(-2) + Math.Exp(-1) + 1;
        Assert.Equal(Math.Exp(-2) / sum, (double)counts[possible[0]] / Draws, 0.03);
        Assert.Equal(Math.Exp(-1) / sum, (double)counts[possible[1]] / Draws, 0.03);
        Assert.Equal(1 / sum, (double)counts[possible[2]] / Draws, 0.03);
    }

    [Theory]
    [InlineData(0.02)]
    [InlineData(1)]
    [InlineData(8)]
    public void Draws_from_a_large_vocabulary_are_fair_however_flat_or_steep_it_is(double spread)
    {
        // Tokens in 23 classes that lie across all blocks; one class is a hundredfold likelier in the first block alone.
        var random = new Random(3);
        var logits = new float[(300 * LogitBlocks.Size) + 50];
        for (var i = 0; i < logits.Length; i++)
        {
            logits[i] = (float)((random.NextDouble() - 0.5) * spread) + (i == 22 ? (float)Math.Log(100) : 0);
        }

        var expected = new double[23];
        var sum = logits.Sum(logit => Math.Exp(logit / 1.3));
        for (var i = 0; i < logits.Length; i++)
        {
            expected[i % 23] += Math.Exp(logits[i] / 1.3) / sum;
        }

        var sampler = new Sampler(new SamplingOptions { Temperature = 1.3, TopK = 0, TopP = 1, Seed = 9 }, [], 10);
        const int Draws = 20_000;
        var (classes, thirds) = (new int[23], new int[3]);
        for (var i = 0; i < Draws; i++)
        {
            var token = sampler.Sample(logits);
            classes[token % 23]++;
            thirds[token * 3L / logits.Length]++;
        }

        AssertFrequencies(expected, classes, Draws);
        AssertFrequencies([.. Enumerable.Range(0, 3).Select(third => Share(third))], thirds, Draws);

        double Share(int third) => Enumerable.Range(0, logits.Length).Where(i => i * 3L / logits.Length == third).Sum(i => Math.Exp(logits[i] / 1.3)) / sum;
    }

    [Theory]
    [InlineData(1)]
    [InlineData(39)]
    [InlineData(40)]
    [InlineData(2000)]
    public void The_likeliest_are_the_same_however_they_lie(int k)
    {
        // In steps of a quarter, so that many are equal: of those the lowest ids are taken.
        var random = new Random(k);
        var logits = Enumerable.Range(0, LargeVocabulary).Select(_ => MathF.Floor((float)random.NextDouble() * 400) / 4).ToArray();
        var (blocks, set) = (new LogitBlocks(), new CandidateSet());
        blocks.Read(logits);

        set.TakeLargest(logits, blocks.Maxima, k);

        var expected = Enumerable.Range(0, logits.Length).OrderByDescending(token => logits[token]).ThenBy(token => token).Take(k);
        Assert.Equal(expected, Enumerable.Range(0, set.Count).Select(set.Token));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(127)]
    [InlineData(128)]
    [InlineData(1000)]
    public void Each_blocks_largest_is_found_and_what_is_no_number_wherever_it_stands(int length)
    {
        var blocks = new LogitBlocks();
        for (var place = 0; place < length; place++)
        {
            var values = Enumerable.Range(0, length).Select(i => -(float)(i % 7) - 1).ToArray();
            values[place] = 2;
            Assert.Equal(2, blocks.Read(values));
            Assert.Equal(place, blocks.IndexOf(values, 2));
            Assert.Equal(values.Chunk(LogitBlocks.Size).Select(block => block.Max()), blocks.Maxima.ToArray());
            values[place] = float.NaN;
            Assert.True(float.IsNaN(blocks.Read(values)), $"NaN at {place} of {length} was passed over");
        }
    }

    [Fact]
    public void Of_equal_logits_greedy_takes_the_lowest_id()
    {
        var logits = new float[Vocabulary];
        logits[77] = logits[190] = 3;

        Assert.Equal(77, new Sampler(new SamplingOptions { Seed = 1, Temperature = 0 }, [], 1).Sample(logits));
    }

    [Theory]
    [InlineData(0, 1, 0)]
    [InlineData(0, 0.9, 0)]
    [InlineData(0, 1, 0.1)]
    [InlineData(40, 0.9, 0)]
    public void A_temperature_of_nearly_nothing_takes_the_likeliest(int topK, double topP, double minP)
    {
        var logits = Enumerable.Range(0, LargeVocabulary).Select(i => (i * 7919 % LargeVocabulary) / 200f).ToArray();
        var likeliest = LogitMath.IndexOf(logits, logits.Max());
        foreach (var temperature in new[] { 1e-37, 1e-38, 1e-39, 1e-50, double.Epsilon })
        {
            var sampler = new Sampler(new SamplingOptions { Temperature = temperature, TopK = topK, TopP = topP, MinP = minP, Seed = 1 }, [], 10);
            Assert.Equal(likeliest, sampler.Sample(logits.ToArray()));

            var perturbed = logits.ToArray();
            sampler.Perturb(perturbed);
            Assert.Equal(likeliest, LogitMath.IndexOf(perturbed, perturbed.Max()));
        }
    }

    [Fact]
    public void A_token_outside_the_window_is_not_penalised_any_more()
    {
        var options = new SamplingOptions { Seed = 1, Temperature = 0, RepetitionWindow = 2, PresencePenalty = 2 };
        var sampler = new Sampler(options, [], 10);
        int Next() => sampler.Sample([1.0f, 0.9f, 0.8f]);

        Assert.Equal(0, Next());
        sampler.Accept(0);
        Assert.Equal(1, Next());
        sampler.Accept(1);
        Assert.Equal(2, Next());
        sampler.Accept(2);
        Assert.Equal(0, Next());
    }

    [Fact]
    public void A_window_takes_no_more_memory_than_there_can_be_tokens()
    {
        var options = new SamplingOptions { Seed = 1, Temperature = 0, RepetitionWindow = int.MaxValue, PresencePenalty = 2 };
        var before = GC.GetAllocatedBytesForCurrentThread();
        var sampler = new Sampler(options, [0, 1, 2], 10);

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 10_000);
        sampler.Accept(0);
        Assert.Equal(1, sampler.Sample([1.0f, 0.9f, 0.8f]));
    }

    [Fact]
    public void Scores_that_are_not_numbers_are_an_error_and_not_a_token()
    {
        var sampler = new Sampler(new SamplingOptions { Seed = 1 }, [], 1);

        Assert.Throws<InferenceException>(() => sampler.Sample([1, float.NaN, 2, 3, 4, 5, 6, 7, 8, 9]));
        Assert.Throws<InferenceException>(() => sampler.Sample([1, float.PositiveInfinity, 2]));
    }

    [Theory]
    [InlineData(40, 0.9, 0.05)]
    [InlineData(0, 0.9, 0)]
    [InlineData(0, 1, 0)]
    [InlineData(0, 1, 0.02)]
    public void A_token_costs_no_memory_once_the_arrays_have_grown(int topK, double topP, double minP)
    {
        var options = new SamplingOptions
        {
            Seed = 3,
            TopK = topK,
            TopP = topP,
            MinP = minP,
            RepetitionPenalty = 1.1,
            FrequencyPenalty = 0.1,
            RepetitionWindow = 64,
        };
        var sampler = new Sampler(options, new int[64], 2000);
        var source = new float[32_000];
        new Random(1).NextDoubles(source);
        var logits = new float[source.Length];
        void Run(int tokens)
        {
            for (var i = 0; i < tokens; i++)
            {
                source.CopyTo(logits, 0);
                sampler.Accept(sampler.Sample(logits));
            }
        }

        Run(200);
        var before = GC.GetAllocatedBytesForCurrentThread();
        Run(500);

        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    private static SamplingOptions RandomOptions(Random random) => new()
    {
        Seed = (ulong)random.NextInt64(),
        Temperature = random.Next(5) == 0 ? 0 : 0.3 + (random.NextDouble() * 1.5),
        TopK = random.Next(2) == 0 ? 0 : random.Next(1, 60),
        TopP = random.Next(2) == 0 ? 1 : 0.2 + (random.NextDouble() * 0.79),
        MinP = random.Next(2) == 0 ? 0 : random.NextDouble() * 0.3,
        RepetitionPenalty = random.Next(2) == 0 ? 1 : 0.5 + random.NextDouble(),
        RepetitionWindow = random.Next(4) switch { 0 => -1, 1 => 0, 2 => 8, _ => 64 },
        FrequencyPenalty = random.Next(2) == 0 ? 0 : (random.NextDouble() * 2) - 1,
        PresencePenalty = random.Next(2) == 0 ? 0 : (random.NextDouble() * 2) - 1,
        LogitBias = random.Next(2) == 0 ? null : new Dictionary<int, double> { [random.Next(Vocabulary)] = 3, [random.Next(Vocabulary)] = -100 },
    };

    private static float[] RandomLogits(Random random, int vocabulary) => [.. Enumerable.Range(0, vocabulary).Select(_ => (float)(random.NextDouble() * 12) - 6)];

    private static int[] RandomTokens(Random random, int count) => [.. Enumerable.Range(0, count).Select(_ => random.Next(Vocabulary))];

    /// <summary>Each token within five standard deviations, rare ones within four draws more, and none that the reference excludes.</summary>
    private static void AssertFrequencies(double[] expected, int[] counts, int draws)
    {
        for (var token = 0; token < expected.Length; token++)
        {
            var mean = expected[token] * draws;
            var slack = expected[token] is 0 or 1 ? 0 : (5 * Math.Sqrt(mean * (1 - expected[token]))) + 4;
            Assert.True(Math.Abs(counts[token] - mean) <= slack, $"token {token}: {counts[token]} draws, {mean:F1} ± {slack:F1} expected");
        }
    }
}
