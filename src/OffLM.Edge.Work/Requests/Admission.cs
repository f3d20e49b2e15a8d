using Microsoft.Extensions.Logging;
using OffLM.Edge.Board;
using OffLM.Edge.Inference;
using OffLM.Edge.Metering;
using OffLM.Edge.Metering.Receipts;
using OffLM.Edge.Signing;
using OffLM.Edge.Work.Callers;
using OffLM.Edge.Work.Running;

namespace OffLM.Edge.Work.Requests;

/// <summary>Decides whether a request is taken, and takes it: model, limits, queue, tokens, the engine's own check, durable hold.</summary>
internal sealed partial class Admission(
    ModelHost models, Ledger ledger, AnswerBook book, RateLimiter limits, TariffBook tariffs, StorageGuard storage, LedgerGuard guard, NodeClock clock,
    RecentAnswers recent, BoardRuntime? board, ILogger<Admission> logger, Action<IOpenAnswer, CompletedAnswer> onCompleted)
{
    private volatile string? _closed = "The node is starting up.";

    /// <summary>The node's boot count, for holds.</summary>
    public uint Boot { get; set; }

    /// <summary>Takes requests from now on.</summary>
    public void Open() => _closed = null;

    /// <summary>Refuses all requests from now on.</summary>
    public void Close(string why) => _closed = why;

    /// <summary>Takes a request.</summary>
    /// <exception cref="RefusedException">It is not taken; says why.</exception>
    public async Task<IAnswer> AdmitAsync(Caller caller, WorkRequest request, CancellationToken cancellation)
    {
        var startedAt = clock.Monotonic;
        RefuseUnlessServing();
        RefuseBeyondLimits(caller, request.Model);
        if (Retry.KeyOf(caller, request.RetryKey) is { } retryKey && recent.Find(retryKey, request.RetryDigest) is { } replay)
        {
            return replay;
        }

        var lease = await AcquireAsync(request.Model, request.KeepAlive, ModelUse.Answering, cancellation);
        QueueTicket? ticket = null;
        Generation? generation = null;
        try
        {
            ticket = lease.Scheduler.Reserve();
            var prompt = Fitting(lease, request);
            var limit = LimitOf(lease, request, prompt.Tokens.Length);

            // Before the hold: what the engine refuses leaves no trace. The prompt is computed while the hold is written, but no token is chosen.
            generation = ticket.Start(lease.Adapted(GenerationOf(caller, request, prompt.Tokens, (int)limit)), confirmed: false);
            var hold = await HoldAsync(caller, request, lease, prompt, limit);
            generation.Confirm((int)hold.TokenLimit);
            return new RunningAnswer(book, lease, generation, hold, caller, request, hold.TokenLimit < limit, AnswerEnergy.Of(board, () => generation.HasBegun), clock.Time, startedAt, onCompleted);
        }
        catch (Exception e)
        {
            generation?.Cancel();
            ticket?.Dispose();
            lease.Dispose();
            if (Refusals.From(e) is { } refusal)
            {
                throw refusal;
            }

            throw;
        }
    }

    /// <summary>Loads a model without asking it anything, or unloads it with a keep-alive of zero.</summary>
    /// <exception cref="RefusedException">There is no such model, or it can't be loaded.</exception>
    public async Task<(StoredModel Model, TimeSpan LoadDuration)> LoadAsync(Caller caller, string model, TimeSpan? keepAlive, CancellationToken cancellation)
    {
        RefuseUnlessServing();
        RefuseModel(caller, model);
        using var lease = await AcquireAsync(model, keepAlive, ModelUse.Any, cancellation);
        return (lease.Model, lease.LoadDuration);
    }

    /// <summary>The prompt; of a conversation that is too long and may be shortened, the newest part that leaves a quarter of the context for the answer, or
    /// less if the answer may not be so long.</summary>
    private static (string Text, int[] Tokens) Fitting(ModelLease lease, WorkRequest request)
    {
        var whole = Tokenise(lease, request);
        var context = ContextOf(lease, request);
        if (whole.Tokens.Length < context || !request.MayForget || request.MessagesJson is not { } messages)
        {
            return whole;
        }

        var conversation = new ShortenedConversation(messages);
        var most = context - Math.Clamp(request.MaxTokens ?? int.MaxValue, 1, Math.Max(1, context / 4));
        var (enough, shortest) = (conversation.Forgettable, whole);
        for (var (least, last) = (1, enough); least <= last;)
        {
            var middle = (least + last) / 2;
            var prompt = Tokenise(lease, request with { MessagesJson = conversation.Without(middle) });
            if (prompt.Tokens.Length <= most || middle == enough)
            {
                (shortest, last) = (prompt, middle - 1);
            }
            else
            {
                least = middle + 1;
            }
        }

        return shortest;
    }

    private static int ContextOf(ModelLease lease, WorkRequest request) => Math.Min(lease.ContextLength, request.ContextLength ?? int.MaxValue);

    private static (string Text, int[] Tokens) Tokenise(ModelLease lease, WorkRequest request)
    {
        var text = request.MessagesJson is { } messages ? lease.ApplyChatTemplate(messages, request.ToolsJson) : request.Prompt ?? "";
        var tokens = lease.Encode(text);
        return tokens.Length > 0
            ? (text, tokens)
            : throw new RefusedException(RefusalReason.InvalidRequest, "The prompt is empty. Give the model something to continue.", parameter: "prompt");
    }

    private static uint LimitOf(ModelLease lease, WorkRequest request, int promptTokens)
    {
        var context = ContextOf(lease, request);
        if (promptTokens >= context)
        {
            throw new RefusedException(
                RefusalReason.ContextExceeded,
                $"The prompt has {promptTokens} tokens; the model's context has {context}, of which at least one is for the answer. Shorten the prompt.",
                parameter: request.MessagesJson is null ? "prompt" : "messages");
        }

        return (uint)Math.Min(context - promptTokens, request.MaxTokens ?? int.MaxValue);
    }

    private static GenerationRequest GenerationOf(Caller caller, WorkRequest request, int[] prompt, int limit) => new()
    {
        Prompt = prompt,
        MaxNewTokens = limit,
        Sampling = request.Sampling,
        Stop = request.Stop,
        Guidance = request.Guidance,
        CacheScope = caller.Id,
        Deterministic = request.Seeded,
    };

    private void RefuseUnlessServing()
    {
        if (_closed is { } why)
        {
            throw NotServing(why);
        }

        if (board?.Refusal is { } heat)
        {
            throw new RefusedException(RefusalReason.TooHot, heat, BoardRuntime.RetryAfter);
        }

        if (ledger.Failure is null && storage.Problem is { } problem)
        {
            throw new RefusedException(RefusalReason.LedgerUnavailable, problem, TimeSpan.FromSeconds(60));
        }
    }

    private static RefusedException NotServing(string why, Exception? inner = null) =>
        new(RefusalReason.NotServing, why, TimeSpan.FromSeconds(5), inner: inner);

    private void RefuseBeyondLimits(Caller caller, string model)
    {
        RefuseModel(caller, model);
        if (caller.Key is { Payer.IsZero: false } && guard.PaidProblem is { } problem)
        {
            throw new RefusedException(RefusalReason.LedgerUnavailable, problem, TimeSpan.FromSeconds(5));
        }

        if (caller.Key is { } key && limits.TakeRequest(key) is var (limit, retryAfter))
        {
            throw new RefusedException(RefusalReason.RateLimited, $"This key's limit of {limit} is reached.", retryAfter);
        }
    }

    private static void RefuseModel(Caller caller, string model)
    {
        if (caller.Key is { } key && !key.Allows(model))
        {
            throw new RefusedException(
                RefusalReason.ModelNotAllowed, $"This key may use {string.Join(", ", key.Models)} only.", parameter: "model");
        }
    }

    private async Task<ModelLease> AcquireAsync(string model, TimeSpan? keepAlive, ModelUse use, CancellationToken cancellation)
    {
        try
        {
            var lease = await models.AcquireAsync(model, keepAlive, cancellation, use);
            try
            {
                // It may have waited for long.
                RefuseUnlessServing();
                return lease;
            }
            catch
            {
                lease.Dispose();
                throw;
            }
        }
        catch (ObjectDisposedException e) when (_closed is { } why)
        {
            throw NotServing(why, e);
        }
        catch (Exception e) when (Refusals.From(e) is { } refusal)
        {
            if (e is ModelUnusableException unusable)
            {
                LogUnusable(unusable.OwnerMessage);
            }

            throw refusal;
        }
    }

    private Task<Hold> HoldAsync(Caller caller, WorkRequest request, ModelLease lease, (string Text, int[] Tokens) prompt, uint limit)
    {
        var salt = Bytes32.Random();
        return HoldAsync(caller, lease, Retry.KeyOf(caller, request.RetryKey), new Hold
        {
            PromptTokens = (uint)prompt.Tokens.Length,
            TokenLimit = limit,
            PromptCommitment = Commitment.To(salt, prompt.Text),
            PromptSalt = salt,
            ExecutionRecord = ExecutionRecord.Of(lease, request, limit),
        });
    }

    /// <param name="asked">The hold as far as it depends on what is asked.</param>
    private async Task<Hold> HoldAsync(Caller caller, ModelLease lease, Bytes32? retry, Hold asked)
    {
        var (now, source) = clock.Now();
        var payer = caller.Key?.Payer ?? Address.Zero;
        var hold = asked with
        {
            Request = RequestName.Next(),
            Caller = caller.Id,
            Payer = payer,
            Builder = caller.Key?.Builder ?? Address.Zero,
            Model = new Bytes32(Convert.FromHexString(lease.ModelId)),
            Adapter = lease.Adapter is { } adapter ? new Bytes32(Convert.FromHexString(adapter.Id)) : default,
            Tariff = payer.IsZero ? tariffs.Free : tariffs.InForce,
            CompletionSalt = Bytes32.Random(),
            ExecutionSalt = Bytes32.Random(),
            StartedAt = now,
            Clock = source,
            Boot = Boot,
        };
        return await ledger.HoldAsync(hold, caller.Key?.CreditLimit, retry);
    }

    [LoggerMessage(LogLevel.Error, "{Problem}")]
    private partial void LogUnusable(string problem);
}
