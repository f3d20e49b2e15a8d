using OffLM.Edge.Inference;
using OffLM.Edge.Metering;
using OffLM.Edge.Metering.Interop.Sqlite;
using OffLM.Edge.Metering.Receipts;
using OffLM.Edge.Metering.Tariffs;
using OffLM.Edge.Signing.TypedStructs;
using OffLM.Edge.Work.Callers;
using OffLM.Edge.Work.Requests;

namespace OffLM.Edge.Work.Tests.Requests;

public sealed class AdmissionTests
{
    [Fact]
    public async Task The_households_own_use_is_metered_and_free()
    {
        await using var test = await TestNode.StartAsync();

        var (text, completed) = await test.AnswerAsync(Caller.Household, TestNode.Request());

        var receipt = Present.Of(test.Find(completed.Receipt.Request));
        Assert.Equal(completed.Receipt, receipt);
        Assert.True(receipt.IsOwnUse);
        Assert.Equal(TypedStruct.Hash(Tariff.Free), receipt.Tariff);
        Assert.Equal(8u, receipt.CompletionTokens);
        Assert.Equal(Outcome.Length, receipt.Outcome);
        Assert.Equal(Commitment.To(completed.Salts.Completion, text), receipt.CompletionCommitment);
        Assert.Equal(Commitment.To(completed.Salts.Prompt, "the answer is"), receipt.PromptCommitment);
    }

    [Fact]
    public async Task Seeded_requests_run_side_by_side_answer_as_alone_and_the_replay_record_says_which()
    {
        await using var test = await TestNode.StartAsync();
        var request = TestNode.Request(maxTokens: 200) with { Sampling = new() { Seed = 7, Temperature = 1, TopK = 0, TopP = 1 } };

        var alone = await test.AnswerAsync(Caller.Household, request);
        await using var other = await test.Node.AskAsync(Caller.Guest, TestNode.Request(maxTokens: 4000), CancellationToken.None);
        await TestNode.UntilAsync(() => test.Node.Models.Loaded is [{ Statistics: { Active: 1, Waiting: 0 } }], "the other one to run");
        var beside = await test.AnswerAsync(Caller.Household, request);

        Assert.Equal(alone.Text, beside.Text);
        Assert.Contains("\"ranAlone\":true", Record(alone.Completed));
        Assert.Contains("\"ranAlone\":false", Record(beside.Completed));

        string Record(CompletedAnswer completed)
        {
            using var reader = LedgerReader.Open(test.Options.LedgerPath);
            var salts = Present.Of(reader.Salts(completed.Receipt.Request));
            Assert.Equal(Commitment.To(completed.Salts.Execution, salts.ExecutionRecord), completed.Receipt.Execution);
            return salts.ExecutionRecord;
        }
    }

    [Fact]
    public async Task Who_pays_owes_the_tariffs_price_for_each_token()
    {
        await using var test = await TestNode.StartAsync();
        var payer = test.Payer();
        await PaidWorkAsync(test);

        var (_, completed) = await test.AnswerAsync(payer, TestNode.Request());

        var receipt = completed.Receipt;
        Assert.Equal(payer.Key!.Payer, receipt.Payer);
        Assert.Equal(receipt.PromptTokens + receipt.CompletionTokens, receipt.Fee);
    }

    [Fact]
    public async Task A_credit_that_runs_out_ends_the_answer_and_refuses_the_next()
    {
        await using var test = await TestNode.StartAsync();
        await PaidWorkAsync(test);
        var (_, measured) = await test.AnswerAsync(test.Payer(), TestNode.Request());
        var payer = test.Payer(credit: measured.Receipt.PromptTokens + 3);

        var (_, completed) = await test.AnswerAsync(payer, TestNode.Request());
        var refused = await Assert.ThrowsAsync<RefusedException>(() => test.AnswerAsync(payer, TestNode.Request()));

        Assert.Equal((Outcome.LimitReached, 3u), (completed.Receipt.Outcome, completed.Receipt.CompletionTokens));
        Assert.Equal(RefusalReason.CreditExhausted, refused.Reason);
    }

    [Fact]
    public async Task A_retry_gets_the_same_answer_and_the_same_receipt_and_after_a_restart_a_refusal()
    {
        await using var test = await TestNode.StartAsync();
        var request = TestNode.Request() with { RetryKey = "again", Sampling = new() { Seed = 1, Temperature = 1 } };

        var first = await test.AnswerAsync(Caller.Household, request);
        var second = await test.AnswerAsync(Caller.Household, request);
        await test.RestartAsync();
        var refused = await Assert.ThrowsAsync<RefusedException>(() => test.AnswerAsync(Caller.Household, request));

        Assert.Equal(first.Text, second.Text);
        Assert.Equal(first.Completed.Receipt, second.Completed.Receipt);
        Assert.Equal(RefusalReason.AlreadyTaken, refused.Reason);
        Assert.Contains(first.Completed.Receipt.Request.ToString(), refused.Message);
    }

    [Fact]
    public async Task A_client_that_leaves_before_anything_arrived_owes_nothing()
    {
        await using var test = await TestNode.StartAsync();
        await PaidWorkAsync(test);
        var answer = await test.Node.AskAsync(test.Payer(), TestNode.Request(maxTokens: 2000), CancellationToken.None);

        await answer.DisposeAsync();

        var receipt = Present.Of(test.Find(answer.Request));
        Assert.Equal((Outcome.Cancelled, 0u, UInt128.Zero), (receipt.Outcome, receipt.CompletionTokens, receipt.Fee));
    }

    [Fact]
    public async Task A_body_that_was_never_sent_is_not_billed()
    {
        await using var test = await TestNode.StartAsync();
        await PaidWorkAsync(test);
        var answer = await test.Node.AskAsync(test.Payer(), TestNode.Request(maxTokens: 2000, streaming: false), CancellationToken.None);
        await foreach (var piece in answer.ReadAsync(CancellationToken.None))
        {
            answer.Delivered(piece);
            break;
        }

        await answer.DisposeAsync();

        Assert.Equal(0u, Present.Of(test.Find(answer.Request)).CompletionTokens);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Who_leaves_between_the_last_token_and_the_end_has_not_got_it_and_may_ask_again(bool streaming)
    {
        await using var test = await TestNode.StartAsync();
        await PaidWorkAsync(test);
        var (payer, request) = (test.Payer(), TestNode.Request(streaming: streaming) with { RetryKey = "again" });
        await using (var left = await test.Node.AskAsync(payer, request, CancellationToken.None))
        {
            await foreach (var piece in left.ReadAsync(CancellationToken.None))
            {
                left.Delivered(piece);
            }

            await left.DisposeAsync();
            var receipt = Present.Of(test.Find(left.Request));
            Assert.Equal((Outcome.Cancelled, 0u, UInt128.Zero), (receipt.Outcome, receipt.CompletionTokens, receipt.Fee));
        }

        var (text, again) = await test.AnswerAsync(payer, request);

        Assert.NotEmpty(text);
        Assert.Equal((Outcome.Length, 8u), (again.Receipt.Outcome, again.Receipt.CompletionTokens));
    }

    [Fact]
    public async Task A_body_whose_receipt_can_not_be_written_is_not_sent_and_not_billed()
    {
        await using var test = await TestNode.StartAsync();
        await PaidWorkAsync(test);
        await using var answer = await test.Node.AskAsync(test.Payer(), TestNode.Request(streaming: false), CancellationToken.None);
        await foreach (var piece in answer.ReadAsync(CancellationToken.None))
        {
            answer.Delivered(piece);
        }

        using (var other = SqliteConnection.Open(test.Options.LedgerPath))
        {
            other.Execute("BEGIN IMMEDIATE");
            var refused = await Assert.ThrowsAsync<RefusedException>(answer.CompleteAsync);
            Assert.Equal(RefusalReason.LedgerUnavailable, refused.Reason);
            other.Execute("ROLLBACK");
        }

        await TestNode.UntilAsync(() => test.Find(answer.Request) is not null, "the receipt to be written after all");
        var receipt = Present.Of(test.Find(answer.Request));
        Assert.Equal((Outcome.Interrupted, 0u, UInt128.Zero), (receipt.Outcome, receipt.CompletionTokens, receipt.Fee));
    }

    [Fact]
    public async Task Every_refusal_names_its_reason_and_leaves_no_trace()
    {
        await using var test = await TestNode.StartAsync();
        var narrow = Caller.Of(test.Payer().Key! with { Models = ["other"] });

        await Refused(RefusalReason.ModelNotFound, Caller.Household, TestNode.Request() with { Model = "nosuch" });
        await Refused(RefusalReason.ModelNotAllowed, narrow, TestNode.Request());
        await Refused(RefusalReason.InvalidRequest, Caller.Household, TestNode.Request() with { Prompt = "" });
        await Refused(RefusalReason.ContextExceeded, Caller.Household, TestNode.Request() with { Prompt = string.Concat(Enumerable.Repeat("word ", 9000)) });
        await Refused(RefusalReason.ContextExceeded, Caller.Household, TestNode.Request() with { ContextLength = 1 });
        await Refused(RefusalReason.InvalidRequest, Caller.Household, TestNode.Request() with { Guidance = new(GuidanceKind.JsonSchema, "{\"type\":\"nonsense\"}") });
        await Refused(RefusalReason.InvalidRequest, Caller.Household, TestNode.Request() with { Guidance = new(GuidanceKind.JsonSchema, "{bad") });
        await Refused(
            RefusalReason.InvalidRequest,
            Caller.Household,
            TestNode.Request() with { Sampling = new() { Seed = 1, LogitBias = new Dictionary<int, double> { [999_999] = 1 } } });

        using var reader = LedgerReader.Open(test.Options.LedgerPath);
        Assert.Equal((0ul, 0), (reader.Summary().Receipts, reader.Summary().Holds));

        async Task Refused(RefusalReason reason, Caller caller, WorkRequest request) =>
            Assert.Equal(reason, (await Assert.ThrowsAsync<RefusedException>(() => test.AnswerAsync(caller, request))).Reason);
    }

    [Fact]
    public async Task A_refusal_by_the_ledger_gives_the_place_in_the_queue_back()
    {
        await using var test = await TestNode.StartAsync(o => o with { Models = new() { Scheduler = new() { MaxActive = 1, MaxWaiting = 0 } } });
        await PaidWorkAsync(test);

        var refused = await Assert.ThrowsAsync<RefusedException>(() => test.AnswerAsync(test.Payer(credit: 1), TestNode.Request()));

        Assert.Equal(RefusalReason.CreditExhausted, refused.Reason);
        await TestNode.UntilAsync(() => test.Node.Models.Loaded is [{ Statistics: { Active: 0, Waiting: 0 } }], "the place to be free");
        Assert.Equal(8u, (await test.AnswerAsync(Caller.Household, TestNode.Request())).Completed.Receipt.CompletionTokens);
    }

    [Fact]
    public async Task With_too_little_disk_left_nothing_new_is_taken()
    {
        await using var test = await TestNode.StartAsync(o => o with { MinimumFreeBytes = long.MaxValue });

        var refused = await Assert.ThrowsAsync<RefusedException>(() => test.AnswerAsync(Caller.Household, TestNode.Request()));

        Assert.Equal(RefusalReason.LedgerUnavailable, refused.Reason);
        Assert.NotNull(refused.RetryAfter);
        Assert.Contains(test.Node.Status().Problems, p => p.Contains("MiB left", StringComparison.Ordinal));
    }

    /// <summary>Paid work waits for the ledger's check.</summary>
    [Fact]
    public async Task An_adapters_receipt_names_it_beside_its_base()
    {
        var recipe = ModelForge.ModelRecipe.Tiny with { Name = "base", Adaptable = true, Threads = 1 };
        await using var test = await TestNode.StartAsync(options =>
        {
            ModelForge.Forge.Write(Path.Combine(options.ModelsDirectory, "base"), recipe);
            ModelForge.Forge.Write(Path.Combine(options.ModelsDirectory, "poet"), new ModelForge.AdapterRecipe(recipe, "poet"));
            return options with { Models = options.Models with { Engine = EngineChoice.Direct } };
        });

        var (_, completed) = await test.AnswerAsync(Caller.Household, TestNode.Request() with { Model = "base:poet" });
        var (_, plain) = await test.AnswerAsync(Caller.Household, TestNode.Request() with { Model = "base" });

        Assert.Equal(test.Node.Store.Find("base").Id, Convert.ToHexStringLower(completed.Receipt.Model.AsSpan()));
        Assert.Equal(test.Node.Store.Find("base:poet").Id, Convert.ToHexStringLower(completed.Receipt.Adapter.AsSpan()));
        Assert.Equal((plain.Receipt.Model, true), (completed.Receipt.Model, plain.Receipt.Adapter.IsZero));
    }

    private static Task PaidWorkAsync(TestNode test) =>
        TestNode.UntilAsync(() => !test.Node.Status().Problems.Any(p => p.Contains("being checked", StringComparison.Ordinal)), "the check before paid work");
}
