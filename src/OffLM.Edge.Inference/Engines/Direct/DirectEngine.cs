using OffLM.Edge.Inference.Interop.GenAi;
using OffLM.Edge.Inference.Interop.OnnxRuntime;

namespace OffLM.Edge.Inference;

/// <summary>
/// A model served by ONNX Runtime with our own decode loop: all its sequences lie in one cache, and any of them are stepped together, which costs little
/// more than stepping one. Tokenizer and chat template are GenAI's.
/// </summary>
internal sealed class DirectEngine : IEngine
{
    private readonly GenAiText _text;
    private readonly GenAiSettings _settings;
    private readonly Grammars _grammars;
    private readonly IDirectDecoder _decoder;
    private readonly RowTable _rows;
    private long _batches;

    private DirectEngine(GenAiText text, GenAiSettings settings, Grammars grammars, IDirectDecoder decoder, EngineDescription description)
    {
        (_text, _settings, _grammars, _decoder) = (text, settings, grammars, decoder);
        _rows = new RowTable(decoder.Cache);
        Description = description;
    }

    public EngineDescription Description { get; }

    public int ContextLength => _settings.ContextLength;

    public int VocabularySize => _settings.VocabularySize;

    public IReadOnlyCollection<int> EndTokens => _settings.EndTokens;

    public long CacheBytesPerToken => _decoder.Cache.BytesPerToken;

    public int MaxSlots => _decoder.Cache.Rows;

    public int MaxBatch => _decoder.Cache.Rows;

    public bool CanCopySlots => !_decoder.Cache.IsOnDevice;

    public int MaxDraft => _decoder.MaxDraft;

    internal bool GivesMaxima => _decoder.GivesMaxima;

    /// <summary>Loads a model's folder; takes seconds for a large one.</summary>
    /// <param name="folder">With <c>genai_config.json</c>, ONNX files and tokenizer.</param>
    /// <param name="options">Threads, memory and execution providers.</param>
    /// <exception cref="UnknownGraphException">The model is not for this engine; says why.</exception>
    /// <exception cref="ModelLoadException">The libraries are missing, or the model can't be loaded; says why.</exception>
    internal static DirectEngine Load(string folder, DirectOptions options)
    {
        var versions = InferenceLibraries.Load();
        var settings = GenAiSettings.Read(folder);
        var special = SpecialTokens.Read(folder);
        var graph = DecoderSettings.Read(folder);
        var kind = DirectGraph.CheckFile(folder, graph);
        GenAiText? text = null;
        try
        {
            var stub = StubGraph.Write(graph.InputIds, graph.Logits, settings.VocabularySize);
            text = GenAiText.Open(GenAiModel.LoadWithout(folder, graph.FileName, stub), special);
            var opener = new DecoderOpener(folder, kind, graph, settings, options);
            List<ProviderFailure> failed = [];
            var opened = ProviderLadder.Climb(options.Providers, opener.Open, failed);
            var description = new EngineDescription("onnxruntime-direct", versions.OnnxRuntime, opened.Provider, options.Threads)
            {
                Failed = failed.ConvertAll(f => f with { Reason = ModelLoadException.WithoutFolder(f.Reason, folder) }),
                Placement = opened.Placement,
            };
            return new DirectEngine(text, settings, new Grammars(folder, settings), opened.Decoder, description);
        }
        catch (Exception e)
        {
            text?.Dispose();
            if (e is InferenceException and not (UnknownGraphException or ModelLoadException))
            {
                throw new ModelLoadException($"the engine refuses its files: {ModelLoadException.WithoutFolder(e.Message, folder)}", folder, e);
            }

            throw;
        }
    }

    public int[] Encode(string text) => _text.Encode(text);

    public string Decode(ReadOnlySpan<int> tokens) => _text.Decode(tokens);

    public string ApplyChatTemplate(string messagesJson, string? toolsJson, bool addGenerationPrompt) =>
        _text.ApplyChatTemplate(messagesJson, toolsJson, addGenerationPrompt);

    public ITokenStream CreateTokenStream() => _text.CreateTokenStream();

    public ISlot CreateSlot(int maxTokens, Guidance? guidance = null)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(maxTokens, ContextLength);
        return new DirectSlot(this, guidance is null ? null : _grammars.Start(guidance));
    }

    public void Step(ReadOnlySpan<ISlot> slots, ReadOnlySpan<int> tokens)
    {
        foreach (var slot in slots)
        {
            RequireRoom((DirectSlot)slot, 1);
        }

        _batches += slots.Length > 1 ? 1 : 0;
        var (first, count) = _rows.Gather(slots, _batches);
        var longest = 0;
        for (var row = first; row < first + count; row++)
        {
            if (_rows[row] is { } slot && slot.Length == ContextLength)
            {
                // One between them that is full has no room for what is computed along: its last token gives way.
                slot.Rewind(ContextLength - 1);
            }

            longest = Math.Max(longest, _rows[row]?.Length ?? 0);
        }

        for (var row = first; row < first + count; row++)
        {
            _decoder.Next(row - first, 0, _rows[row]?.Length ?? 0, longest);
        }

        for (var i = 0; i < slots.Length; i++)
        {
            var slot = (DirectSlot)slots[i];
            _decoder.Next(slot.Row - first, tokens[i], slot.Length, longest);
        }

        _decoder.Adapter = slots[0].Adapter;
        var scores = _decoder.Step(first, count, longest);
        foreach (var stepped in slots)
        {
            var slot = (DirectSlot)stepped;
            slot.Stepped(scores.From(slot.Row - first));
            slot.LastBatch = slots.Length > 1 ? _batches : slot.LastBatch;
        }
    }

    public void Dispose()
    {
        _decoder.Dispose();
        _grammars.Dispose();
        _text.Dispose();
    }

    internal void Prefill(DirectSlot slot, ReadOnlySpan<int> tokens, ScoreRows scores, bool wanted, OrtRunOptions options)
    {
        RequireRoom(slot, tokens.Length);
        if (slot.Row == DirectSlot.NoRow)
        {
            _rows.Take(slot);
        }

        _decoder.Adapter = ((ISlot)slot).Adapter;
        _decoder.Prefill(slot.Row, slot.Length, tokens, scores, wanted, options);
        slot.Length += tokens.Length;
    }

    LoraAdapter IEngine.LoadAdapter(StoredModel model) => _decoder.LoadAdapter(model);

    internal ScoreRows Verify(DirectSlot slot, ReadOnlySpan<int> tokens)
    {
        RequireRoom(slot, tokens.Length);
        _decoder.Adapter = ((ISlot)slot).Adapter;
        return _decoder.Verify(slot.Row, slot.Length, tokens);
    }

    internal void Copy(DirectSlot from, DirectSlot to, int length)
    {
        if (to.Row == DirectSlot.NoRow)
        {
            _rows.Take(to);
        }

        _decoder.Cache.Copy(from.Row, to.Row, to.Length, length - to.Length);
        to.Length = length;
    }

    internal void Free(DirectSlot slot) => _rows.Free(slot);

    private void RequireRoom(DirectSlot slot, int tokens)
    {
        if (slot.Length + tokens > ContextLength)
        {
            throw new InvalidOperationException($"{slot.Length} tokens and {tokens} more do not fit into the context of {ContextLength}.");
        }
    }
}
