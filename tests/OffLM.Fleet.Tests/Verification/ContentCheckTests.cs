using OffLM.Edge.Metering.Receipts;
using OffLM.Edge.Metering.Tariffs;
using OffLM.Edge.Signing;
using OffLM.Edge.Signing.TypedStructs;
using OffLM.Fleet.Messages;
using OffLM.Fleet.Tests.Support;
using OffLM.Fleet.Verification;
using OffLM.Mqtt.Contracts;

namespace OffLM.Fleet.Tests.Verification;

/// <summary>Each promise that a batch makes by itself, broken.</summary>
public sealed class ContentCheckTests
{
    private readonly TestNode _node = new("a");

    [Fact]
    public void A_sound_batch_adds_its_tokens_energy_and_fees_to_the_atto()
    {
        var message = _node.Next(9);
        var figures = Check(message.Bytes).Figures!;
        var paid = message.Receipts.Where(r => !r.IsOwnUse).ToList();
        Assert.Equal((6, 3u), (figures.Requests.Count, figures.Hidden));
        Assert.Equal(9, figures.Sums[Figure.Receipts]);
        Assert.Equal(paid.Sum(r => r.PromptTokens), (long)figures.Sums[Figure.PromptTokens]);
        Assert.Equal(paid.Sum(r => (long)r.EnergyMicrojoules), (long)figures.Sums[Figure.Energy]);
        Assert.Equal(message.Batch.Fees, (UInt128)figures.Sums[Figure.Fees]);
        Assert.Equal(figures.Sums[Figure.Fees], Parts(figures.Sums, Figure.Provider, Figure.Model, Figure.Stakers, Figure.Contributors, Figure.Platform));
        Assert.Equal(
            figures.Sums[Figure.Platform],
            Parts(figures.Sums, Figure.PlatformProviders, Figure.PlatformValidators, Figure.PlatformBurn, Figure.PlatformTreasury));
    }

    [Fact]
    public void The_golden_case_of_the_economics_splits_as_the_paper_says()
    {
        var golden = Prices.Paid with { Output = 400_000_000_000_000_000, CachedInput = 0 };
        var receipt = _node.Serve(1)[0] with { PromptTokens = 800, CachedTokens = 0, CompletionTokens = 1200 };
        var sums = new Sums();
        var fee = Fee.Of(golden, receipt);
        FeeSplit.Add(sums, receipt with { Fee = fee.Total }, fee, golden, Prices.Schedule);
        Assert.Equal(
            [1_140, 0, 448, 64, 128, 500, 300, 75, 75, 50],
            Enum.GetValues<Figure>().Where(f => f >= Figure.Fees).Select(f => (int)(sums[f] / 1_000_000_000_000_000)));
    }

    [Fact]
    public void A_platform_fee_without_a_known_schedule_stays_whole()
    {
        var message = _node.Next(2);
        Assert.NotEqual(0, Check(message.Tampered(m => m.Schedules.Clear())).Figures!.Sums[Figure.PlatformBurn]);
        var own = new Schedule { Providers = 1, Burn = 9_999 };
        Assert.Null(FeeSplit.ScheduleOf(Prices.Paid with { Schedule = TypedStruct.Hash(own) }, new Dictionary<Bytes32, Schedule>()));
        Assert.Equal(own, FeeSplit.ScheduleOf(Prices.Paid with { Schedule = TypedStruct.Hash(own) }, new Dictionary<Bytes32, Schedule> { [TypedStruct.Hash(own)] = own }));
        var partial = own with { Burn = 1 };
        Assert.Null(FeeSplit.ScheduleOf(Prices.Paid with { Schedule = TypedStruct.Hash(partial) }, new Dictionary<Bytes32, Schedule> { [TypedStruct.Hash(partial)] = partial }));
    }

    [Fact]
    public void A_signature_by_another_key_says_nothing_about_the_node()
    {
        var message = _node.Next();
        var other = new TestNode("b").Next();
        var result = Check(message.Tampered(m => m.Signature = other.Message.Signature));
        Assert.False(result.IsSigned);
        Assert.Equal(RefusalKind.Signature, result.Refusal!.Kind);
    }

    [Theory]
    [InlineData("entry left out")]
    [InlineData("entry changed")]
    public void What_the_root_does_not_cover_is_provisionally_refused(string change)
    {
        var message = _node.Next(6);
        var result = Check(message.Tampered(m => Change(m, change)));
        Assert.True(result.Refusal is { IsProvisional: true } or { Kind: RefusalKind.Signature }, result.Refusal?.Reason);
        Assert.Contains(result.Refusal!.Kind, (RefusalKind[])[RefusalKind.Root, RefusalKind.Signature]);

        static void Change(BatchMessage message, string change)
        {
            if (change == "entry left out")
            {
                message.Entries.RemoveAt(0);
            }
            else
            {
                message.Entries[0].Receipt.PromptTokens++;
            }
        }
    }

    [Fact]
    public void Content_that_can_not_be_read_is_provisionally_refused() =>
        AssertRefused(RefusalKind.Malformed, _node.Next().Tampered(m => m.Entries[0] = new Entry()), provisional: true);

    [Fact]
    public void A_tariff_left_out_on_the_way_is_provisionally_refused() =>
        AssertRefused(RefusalKind.MissingTariff, _node.Next().Tampered(m => m.Tariffs.Clear()), provisional: true);

    [Fact]
    public void A_tariff_added_on_the_way_changes_nothing() =>
        Assert.Null(Check(_node.Next().Tampered(m => m.Tariffs.Add(new TariffMessage { Percent = 60_000 }))).Refusal);

    [Fact]
    public void Another_network_s_batch_is_refused() => AssertRefused(
        RefusalKind.Domain, _node.Sign(_node.Serve(1), domain: TypedDomain.Receipts(1, TypedDomain.TestContract)).Bytes);

    [Fact]
    public void M25_A_sum_that_is_not_its_receipts_is_refused() => AssertRefused(RefusalKind.FeeSum, _node.Next(batch: b => b with { Fees = b.Fees + 1 }).Bytes);

    [Fact]
    public void Hidden_receipts_must_cost_nothing()
    {
        var receipts = _node.Serve(3);
        var hidden = _node.Sign(receipts).Tampered(m => m.Entries[0] = new Entry { Leaf = MessageEncoder.Bytes(TypedStruct.Hash(receipts[0]).AsSpan()) });
        AssertRefused(RefusalKind.FeeSum, hidden);
    }

    [Fact]
    public void M25_A_fee_that_is_not_its_tariff_s_is_refused() => AssertRefused(RefusalKind.Fee, Signed(r => r with { Fee = r.Fee - 1 }));

    [Fact]
    public void M25_More_cached_than_prompt_tokens_are_refused() => AssertRefused(RefusalKind.Tokens, Signed(r => r with { CachedTokens = r.PromptTokens + 1 }));

    [Theory]
    [InlineData(0, 0, 0)]
    [InlineData(8, 0, 0)]
    [InlineData(1, 3, 0)]
    [InlineData(1, 0, 4)]
    public void M25_Unknown_codes_are_refused(byte outcome, byte clock, byte energy) => AssertRefused(
        RefusalKind.Range, Signed(r => r with { Outcome = (Outcome)outcome, Clock = (ClockSource)clock, EnergySource = (EnergySource)energy }));

    [Fact]
    public void A_key_file_with_a_counter_is_refused() => AssertRefused(RefusalKind.Range, _node.Next(batch: b => b with { KeyCounter = 1 }).Bytes);

    [Fact]
    public void A_fee_that_nobody_owes_is_refused() => AssertRefused(RefusalKind.OwnUse, Signed(r => r with { Payer = Address.Zero }));

    [Fact]
    public void M25_A_request_with_two_receipts_is_refused()
    {
        var receipts = _node.Serve(2);
        AssertRefused(RefusalKind.Request, _node.Sign([receipts[0], receipts[1] with { Request = receipts[0].Request }]).Bytes);
    }

    [Fact]
    public void A_void_receipt_costs_nothing() => AssertRefused(RefusalKind.Fee, Signed(r => r with { Outcome = Outcome.Void }));

    private static System.Numerics.BigInteger Parts(Sums sums, params Figure[] parts) =>
        parts.Aggregate(System.Numerics.BigInteger.Zero, (sum, part) => sum + sums[part]);

    private static CheckedBatch Check(byte[] message)
    {
        var decoded = BatchDecoder.Decode(message);
        return new ContentCheck(TypedDomain.TestNetwork).Check(decoded.Header!, decoded);
    }

    private static void AssertRefused(RefusalKind kind, byte[] message, bool provisional = false)
    {
        var result = Check(message);
        Assert.Equal(kind, result.Refusal?.Kind);
        Assert.Equal(provisional, result.Refusal!.IsProvisional);
        Assert.True(result.IsSigned);
        Assert.Null(result.Figures);
        Assert.Matches("^[a-z ]+: .+\\.$", result.Refusal.Reason);
    }

    /// <summary>A batch whose first receipt was changed after it was priced.</summary>
    private byte[] Signed(Func<Receipt, Receipt> change)
    {
        var receipts = _node.Serve(2);
        return _node.Sign([change(receipts[0]), receipts[1]]).Bytes;
    }
}
