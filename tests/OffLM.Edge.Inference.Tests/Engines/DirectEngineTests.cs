using OffLM.Edge.Inference.Tests.Support;

namespace OffLM.Edge.Inference.Tests.Engines;

/// <summary>What the direct engine computes is what GenAI computes, however the work is cut and shared.</summary>
public class DirectEngineTests : IClassFixture<TinyModel>, IDisposable
{
    /// <summary>Scores have a spread of 3. Sums in another order change their last digits, and those then which way activations are rounded to 8 bits.</summary>
    private readonly float _tolerance;

    private readonly TinyModel _tiny;
    private readonly string _folder;
    private readonly DirectEngine _engine;

    public DirectEngineTests(TinyModel tiny)
        : this(tiny, tiny.Folder, tolerance: 0.1f)
    {
    }

    /// <param name="tiny">The model that says what is right.</param>
    /// <param name="folder">The same model, to be computed.</param>
    /// <param name="tolerance">How far scores may be apart.</param>
    /// <param name="device">Where the cache lies.</param>
    protected DirectEngineTests(TinyModel tiny, string folder, float tolerance, string? device = null)
    {
        (_tiny, _folder, _tolerance) = (tiny, folder, tolerance);
        _engine = DirectEngine.Load(folder, new DirectOptions(Threads: 1, Rows: 6, CacheBytes: 1L << 30) { CacheDevice = device });
    }

    /// <summary>The mask is bound anew every 64 steps; where the cache grows, everything every 256.</summary>
    protected virtual int BytesAllocatedByStep => 4;

    public void Dispose()
    {
        _engine.Dispose();
        GC.SuppressFinalize(this);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(40)]
    [InlineData(300)]
    public void Scores_equal_those_of_GenAI(int promptTokens)
    {
        var prompt = TinyModel.Prompt(promptTokens);
        using var theirs = _tiny.Engine.CreateSlot(promptTokens + 20);
        using var ours = _engine.CreateSlot(promptTokens + 20);
        theirs.Prefill(prompt);
        ours.Prefill(prompt);

        for (var i = 0; i < 20; i++)
        {
            AssertClose(theirs.Logits, ours.Logits);
            var token = Best(theirs);
            theirs.Step(token);
            ours.Step(token);
        }

        Assert.Equal(promptTokens + 20, ours.Length);
    }

    [Fact]
    public void A_batch_computes_what_each_of_its_slots_computes_alone()
    {
        var slots = Enumerable.Range(0, 5).Select(i => Prefilled(TinyModel.Prompt(20 + (i * 45), i))).ToArray();
        var alone = Enumerable.Range(0, 5).Select(i => Prefilled(_tiny.Engine, TinyModel.Prompt(20 + (i * 45), i))).ToArray();

        for (var step = 0; step < 30; step++)
        {
            var tokens = alone.Select(Best).ToArray();
            _engine.Step(slots, tokens);
            for (var i = 0; i < slots.Length; i++)
            {
                alone[i].Step(tokens[i]);
                AssertClose(alone[i].Logits, slots[i].Logits);
            }
        }

        Array.ForEach([.. slots, .. alone], s => s.Dispose());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Sequences_join_pause_rewind_and_leave_at_any_step(int seed)
    {
        var random = new Random(seed);
        var pairs = new List<(ISlot Ours, ISlot Theirs)>();
        for (var round = 0; round < 150; round++)
        {
            var what = random.Next(10);
            if (pairs.Count < _engine.MaxSlots && (pairs.Count == 0 || what == 0))
            {
                var prompt = TinyModel.Prompt(random.Next(1, 120), random.Next(100));
                pairs.Add((Prefilled(prompt), Prefilled(_tiny.Engine, prompt)));
            }
            else if (what == 1 && pairs.Count > 1)
            {
                var gone = pairs[random.Next(pairs.Count)];
                pairs.Remove(gone);
                gone.Ours.Dispose();
                gone.Theirs.Dispose();
            }
            else if (what == 2)
            {
                // Rewound, and given other tokens.
                var (ours, theirs) = pairs[random.Next(pairs.Count)];
                var length = random.Next(ours.Length);
                var more = TinyModel.Prompt(random.Next(1, 30), random.Next(100));
                ours.Rewind(length);
                theirs.Rewind(length);
                ours.Prefill(more);
                theirs.Prefill(more);
                AssertClose(theirs.Logits, ours.Logits);
            }
            else
            {
                // Some pause, in any order.
                var stepped = pairs.Where(_ => random.Next(4) > 0).OrderBy(_ => random.Next()).ToList();
                if (stepped.Count == 0)
                {
                    continue;
                }

                var tokens = stepped.Select(p => Best(p.Theirs)).ToArray();
                _engine.Step(stepped.Select(p => p.Ours).ToArray(), tokens);
                for (var i = 0; i < stepped.Count; i++)
                {
                    stepped[i].Theirs.Step(tokens[i]);
                    AssertClose(stepped[i].Theirs.Logits, stepped[i].Ours.Logits);
                }
            }
        }

        pairs.ForEach(p => p.Ours.Dispose());
        pairs.ForEach(p => p.Theirs.Dispose());
    }

    [Fact]
    public void However_a_prompt_is_cut_the_scores_after_it_are_the_same()
    {
        var prompt = TinyModel.Prompt(300);
        using var whole = Prefilled(prompt);
        foreach (var piece in (int[])[1, 7, 64, 150, 299])
        {
            using var slot = _engine.CreateSlot(301);
            for (var done = 0; done < prompt.Length; done += piece)
            {
                slot.Prefill(prompt.AsSpan(done, Math.Min(piece, prompt.Length - done)));
            }

            AssertClose(whole.Logits, slot.Logits);
        }
    }

    [Fact]
    public void Guesses_have_the_scores_that_steps_have_and_leave_no_trace_unless_accepted()
    {
        using var engine = DirectEngine.Load(_tiny.UnprunedFolder, new DirectOptions(Threads: 1, Rows: 2, CacheBytes: 1L << 30));
        Assert.Equal(8, engine.MaxDraft);
        var prompt = TinyModel.Prompt(40);
        using var slot = engine.CreateSlot(100);
        using var stepped = Prefilled(prompt);
        slot.Prefill(prompt);
        for (var round = 0; round < 8; round++)
        {
            // So many guesses are right, and one more is not.
            slot.Verify([.. Enumerable.Range(1, round + 1), 500]);
            stepped.Step(1);
            AssertClose(stepped.Logits, slot.Logits);
            for (var token = 2; token <= round + 1; token++)
            {
                slot.Accept();
                stepped.Step(token);
                AssertClose(stepped.Logits, slot.Logits);
            }

            slot.Step(7);
            stepped.Step(7);
            AssertClose(stepped.Logits, slot.Logits);
            Assert.Equal(stepped.Length, slot.Length);
        }

        Assert.Throws<InvalidOperationException>(slot.Accept);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(77)]
    [InlineData(250)]
    public void A_slot_takes_the_beginning_of_another_and_goes_on_as_if_it_had_computed_it(int common)
    {
        var prompt = TinyModel.Prompt(250);
        int[] branch = [.. prompt[..common], .. TinyModel.Prompt(30, 9)];
        using var source = Prefilled(prompt);
        using var slot = _engine.CreateSlot(400);
        if (common > 1)
        {
            slot.Prefill(prompt.AsSpan(0, common / 3));
        }

        if (!_engine.CanCopySlots)
        {
            Assert.Throws<NotSupportedException>(() => slot.Copy(source, common));
            return;
        }

        slot.Copy(source, common);
        Assert.Equal(common, slot.Length);
        slot.Prefill(branch.AsSpan(common));
        using var theirs = Prefilled(_tiny.Engine, branch);
        AssertClose(theirs.Logits, slot.Logits);

        // The source is as it was.
        using var sources = Prefilled(_tiny.Engine, prompt);
        _engine.Step([source, slot], [5, 6]);
        theirs.Step(6);
        sources.Step(5);
        AssertClose(theirs.Logits, slot.Logits);
        AssertClose(sources.Logits, source.Logits);
    }

    [Fact]
    public void The_scores_after_a_prompt_stay_while_others_are_stepped()
    {
        using var waiting = Prefilled(TinyModel.Prompt(30));
        var scores = waiting.Logits.ToArray();
        using var other = Prefilled(TinyModel.Prompt(40, 3));
        using var third = Prefilled(TinyModel.Prompt(50, 4));
        _engine.Step([third, other], [5, 6]);
        other.Step(7);

        Assert.Equal(scores, waiting.Logits.ToArray());
    }

    [Fact]
    public void A_slot_alone_gives_the_same_bits_whatever_row_it_has_and_whoever_is_there()
    {
        var first = Trace();
        using var others = Prefilled(TinyModel.Prompt(90, 1));
        using var more = Prefilled(TinyModel.Prompt(10, 2));
        others.Step(3);

        Assert.Equal(first, Trace());

        List<float> Trace()
        {
            List<float> scores = [];
            using var slot = _engine.CreateSlot(100);
            slot.Prefill(TinyModel.Prompt(33).AsSpan(0, 17));
            slot.Prefill(TinyModel.Prompt(33).AsSpan(17));
            for (var i = 0; i < 10; i++)
            {
                scores.AddRange(slot.Logits);
                slot.Step(Best(slot));
            }

            return scores;
        }
    }

    [Fact]
    public async Task A_running_prefill_is_aborted_and_the_others_go_on()
    {
        using var other = Prefilled(TinyModel.Prompt(20));
        var slot = _engine.CreateSlot(4000);
        slot.Abort();

        await Assert.ThrowsAsync<InferenceException>(() => Task.Run(() => slot.Prefill(TinyModel.Prompt(3000))));

        slot.Dispose();
        other.Step(Best(other));
        using var next = Prefilled(TinyModel.Prompt(20));
        using var theirs = Prefilled(_tiny.Engine, TinyModel.Prompt(20));
        AssertClose(theirs.Logits, next.Logits);
    }

    [Fact]
    public void A_full_cache_refuses_one_more_sequence_and_a_free_row_is_used_again()
    {
        var slots = Enumerable.Range(0, _engine.MaxSlots).Select(i => Prefilled(TinyModel.Prompt(10, i))).ToList();
        using var late = _engine.CreateSlot(20);

        Assert.Contains("6 places", Assert.Throws<InferenceException>(() => late.Prefill([1, 2, 3])).Message);
        slots[2].Dispose();
        late.Prefill([1, 2, 3]);
        using var theirs = Prefilled(_tiny.Engine, [1, 2, 3]);
        AssertClose(theirs.Logits, late.Logits);
        slots.ForEach(s => s.Dispose());
    }

    [Fact]
    public void Less_memory_gives_fewer_rows_but_always_one()
    {
        using var whole = DirectEngine.Load(_folder, new DirectOptions(1, 1000, 1L << 30));
        var row = (1L << 30) / whole.MaxSlots;
        using var three = DirectEngine.Load(_folder, new DirectOptions(1, 6, (3 * row) + 1));
        using var one = DirectEngine.Load(_folder, new DirectOptions(1, 6, 1));

        Assert.Equal((3, 1), (three.MaxSlots, one.MaxSlots));
    }

    [Fact]
    public void Steps_allocate_next_to_nothing()
    {
        var slots = Enumerable.Range(0, 4).Select(i => Prefilled(TinyModel.Prompt(20 + i, i))).ToArray();
        int[] tokens = [5, 6, 7, 8];
        for (var i = 0; i < 70; i++)
        {
            _engine.Step(slots, tokens);
        }

        const int Steps = 200;
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < Steps; i++)
        {
            _engine.Step(slots, tokens);
        }

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, BytesAllocatedByStep * Steps);
        Array.ForEach(slots, s => s.Dispose());
    }

    [Fact]
    public void A_context_is_filled_to_its_end_and_no_further()
    {
        using var slot = _engine.CreateSlot(_engine.ContextLength);
        slot.Prefill(TinyModel.Prompt(_engine.ContextLength - 2));
        slot.Step(5);
        slot.Step(6);

        Assert.Equal(_engine.ContextLength, slot.Length);
        Assert.Throws<InvalidOperationException>(() => slot.Step(7));
    }

    private ISlot Prefilled(int[] prompt) => Prefilled(_engine, prompt);

    private static ISlot Prefilled(IEngine engine, int[] prompt)
    {
        var slot = engine.CreateSlot(1000);
        slot.Prefill(prompt);
        return slot;
    }

    private static int Best(ISlot slot) => LogitMath.IndexOf(slot.Logits, LogitMath.Max(slot.Logits));

    private void AssertClose(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (var i = 0; i < expected.Length; i++)
        {
            Assert.True(MathF.Abs(expected[i] - actual[i]) < _tolerance, $"token {i}: {expected[i]} and {actual[i]}");
        }
    }
}
