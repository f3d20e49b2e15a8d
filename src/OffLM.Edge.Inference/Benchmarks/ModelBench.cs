namespace OffLM.Edge.Inference;

/// <summary>Measures a model by itself: no queue, no receipts, no HTTP. Everything runs on the caller's thread.</summary>
public sealed class ModelBench : IDisposable
{
    private readonly IEngine _engine;
    private readonly int _piece;

    private ModelBench(IEngine engine, int piece) => (_engine, _piece) = (engine, piece);

    /// <summary>What computes.</summary>
    public EngineDescription Engine => _engine.Description;

    /// <summary>How many answers can be computed at a time.</summary>
    public int MaxBatch => _engine.MaxSlots;

    /// <summary>Verifies and loads a model.</summary>
    /// <param name="store">Where it is.</param>
    /// <param name="name">Its name or id.</param>
    /// <param name="options">How; room is made for as many answers as may be active.</param>
    /// <param name="cancellation">Stops the verification.</param>
    /// <exception cref="InferenceException">There is no such model, it is damaged, makes embeddings, or can't be loaded.</exception>
    public static async Task<ModelBench> LoadAsync(ModelStore store, string name, ModelHostOptions options, CancellationToken cancellation)
    {
        var model = store.Find(name);
        WrongModelException.ThrowIfUnfit(model, ModelUse.Answering, store);
        await store.VerifyAsync(model, force: false, cancellation).ConfigureAwait(false);
        return new ModelBench(EngineLoader.Load(model.Folder, options), options.Scheduler.PrefillPiece);
    }

    /// <summary>Computes so many prompts, one after the other, and then their answers together.</summary>
    /// <exception cref="InferenceException">The engine failed.</exception>
    /// <exception cref="OperationCanceledException">Between two steps.</exception>
    public BenchRound Measure(int batch, BenchOptions options, CancellationToken cancellation)
    {
        var newTokens = Math.Min(options.NewTokens, _engine.ContextLength / 2);
        var promptTokens = Math.Min(options.PromptTokens, _engine.ContextLength - newTokens);
        var (slots, tokens) = (new ISlot[batch], new int[batch]);
        var prefill = new BenchPhase(options, cancellation);
        var first = TimeSpan.Zero;
        try
        {
            for (var i = 0; i < batch; i++)
            {
                slots[i] = _engine.CreateSlot(promptTokens + newTokens);
                var prompt = Prompt(promptTokens, i);
                for (var done = 0; done < prompt.Length; done += _piece)
                {
                    prefill.Work(() => slots[i].Prefill(prompt.AsSpan(done, Math.Min(_piece, prompt.Length - done))));
                }

                prefill.Work(() => tokens[i] = Best(slots[i]));
                first = i == 0 ? prefill.Worked : first;
            }

            var prefillJoules = prefill.Joules();
            var decode = new BenchPhase(options, cancellation);
            for (var step = 0; step < newTokens; step++)
            {
                decode.Work(() => Step(slots, tokens));
            }

            return new BenchRound(
                batch, batch * promptTokens / prefill.Worked.TotalSeconds, batch * newTokens / decode.Worked.TotalSeconds, first,
                prefillJoules / (batch * promptTokens), decode.Joules() / (batch * newTokens));
        }
        finally
        {
            Array.ForEach(slots, s => s?.Dispose());
        }
    }

    public void Dispose() => _engine.Dispose();

    private void Step(ISlot[] slots, int[] tokens)
    {
        for (var at = 0; at < slots.Length; at += Math.Min(_engine.MaxBatch, slots.Length))
        {
            var count = Math.Min(_engine.MaxBatch, slots.Length - at);
            if (count == 1)
            {
                slots[at].Step(tokens[at]);
            }
            else
            {
                _engine.Step(slots.AsSpan(at, count), tokens.AsSpan(at, count));
            }

            for (var i = at; i < at + count; i++)
            {
                tokens[i] = Best(slots[i]);
            }
        }
    }

    private static int Best(ISlot slot)
    {
        var logits = slot.Logits;
        return LogitMath.IndexOf(logits, LogitMath.Max(logits));
    }

    /// <summary>Tokens of no sense; any two prompts differ from their first one on.</summary>
    private int[] Prompt(int tokens, int variant)
    {
        var prompt = new int[tokens];
        for (var i = 0; i < tokens; i++)
        {
            prompt[i] = (int)(((i * 7919L) + (variant * 101L) + 11) % (_engine.VocabularySize / 2));
        }

        return prompt;
    }
}
