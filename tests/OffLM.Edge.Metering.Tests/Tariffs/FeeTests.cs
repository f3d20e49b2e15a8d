using System.Numerics;
using FsCheck;
using FsCheck.Fluent;
using OffLM.Edge.Metering.Receipts;
using OffLM.Edge.Metering.Tariffs;

namespace OffLM.Edge.Metering.Tests;

public sealed class FeeTests
{
    private static readonly UInt128 Offlm = UInt128.Parse("1000000000000000000");

    /// <summary>OpenLedger's example: 0.2 in, 0.4 out, 0.5 flat.</summary>
    private static readonly Tariff Golden = new()
    {
        Input = Offlm / 5,
        Output = Offlm * 2 / 5,
        Flat = Offlm / 2,
        Model = 7000,
        Stakers = 1000,
        Contributors = 2000,
    };

    private static Gen<Tariff> AnyTariff =>
        from input in Amounts.UpTo(Tariff.MaxRate)
        from cached in Amounts.UpTo(Tariff.MaxRate)
        from output in Amounts.UpTo(Tariff.MaxRate)
        from flat in Amounts.UpTo(Tariff.MaxFlat)
        from percent in Amounts.UpTo(BasisPoints.Whole)
        from a in Gen.Choose(0, BasisPoints.Whole)
        from b in Gen.Choose(0, BasisPoints.Whole - a)
        from c in Gen.Choose(0, BasisPoints.Whole - a - b)
        select new Tariff
        {
            Input = input,
            CachedInput = cached,
            Output = output,
            Flat = flat,
            Percent = (ushort)percent,
            Provider = (ushort)a,
            Model = (ushort)b,
            Stakers = (ushort)c,
            Contributors = (ushort)(BasisPoints.Whole - a - b - c),
        };

    private static Gen<(Tariff Tariff, uint Prompt, uint Cached, uint Completion)> Answers =>
        from tariff in AnyTariff
        from prompt in Amounts.Tokens
        from cached in Amounts.UpTo(prompt)
        from completion in Amounts.Tokens
        select (tariff, prompt, (uint)cached, completion);

    [Fact]
    public void The_golden_case_costs_1_14_OFFLM_and_divides_as_published()
    {
        Assert.Null(Golden.Problem());
        var fee = Fee.Of(Golden, 800, 0, 1200);
        Assert.Equal(Offlm * 64 / 100, fee.Base);
        Assert.Equal(Offlm * 114 / 100, fee.Total);
        var parts = fee.Divide(Golden);
        Assert.Equal([UInt128.Zero, Offlm * 448 / 1000, Offlm * 64 / 1000, Offlm * 128 / 1000], parts);
        Assert.Equal(Offlm * 32 / 1000, Apportionment.Divide(parts[3], [25, 75])[0]);
    }

    [Fact]
    public void A_fee_equals_the_formula_in_unbounded_integers() => Amounts.Check(Answers, a =>
    {
        var (tariff, prompt, cached, completion) = a;
        BigInteger thousandths = ((prompt - cached) * (BigInteger)tariff.Input) + (cached * (BigInteger)tariff.CachedInput) + (completion * (BigInteger)tariff.Output);
        var forTokens = completion == 0 ? 0 : HalfToEven(thousandths, 1000);
        var platform = completion == 0 ? 0 : tariff.Flat + HalfToEven(forTokens * tariff.Percent, 10_000);
        var fee = Fee.Of(tariff, prompt, cached, completion);
        return fee.Base == forTokens && fee.Platform == platform && fee.Total == forTokens + platform;
    });

    [Fact]
    public void The_dearest_tariff_and_the_longest_answer_don_t_overflow()
    {
        var dearest = new Tariff
        {
            Input = Tariff.MaxRate,
            CachedInput = Tariff.MaxRate,
            Output = Tariff.MaxRate,
            Flat = Tariff.MaxFlat,
            Percent = BasisPoints.Whole,
            Provider = BasisPoints.Whole,
        };
        Assert.Null(dearest.Problem());
        var fee = Fee.Of(dearest, uint.MaxValue, 0, uint.MaxValue);
        Assert.Equal(HalfToEven(2 * (BigInteger)uint.MaxValue * Tariff.MaxRate, 1000), fee.Base);
        Assert.Equal(fee.Base, fee.Platform - Tariff.MaxFlat);
        Assert.Equal(fee.Total, Fee.Ceiling(dearest, uint.MaxValue, uint.MaxValue));
    }

    [Theory]
    [InlineData(499, 0)]
    [InlineData(500, 0)]
    [InlineData(501, 1)]
    [InlineData(1500, 2)]
    [InlineData(2500, 2)]
    [InlineData(2501, 3)]
    public void Half_an_atto_goes_to_the_even_side(uint tokens, int expected) =>
        Assert.Equal((UInt128)expected, Fee.Of(new Tariff { Output = 1, Provider = 10_000 }, 0, 0, tokens).Base);

    [Fact]
    public void Nothing_delivered_costs_nothing_the_platform_fee_included() => Assert.Equal(UInt128.Zero, Fee.Of(Golden, 800, 0, 0).Total);

    [Theory]
    [InlineData(Receipts.Outcome.Stop, true, 660)]
    [InlineData(Receipts.Outcome.Stop, false, 0)]
    [InlineData(Receipts.Outcome.Cancelled, true, 0)]
    [InlineData(Receipts.Outcome.EngineError, true, 0)]
    public void Embeddings_owe_their_texts_tokens_when_they_were_made(Receipts.Outcome outcome, bool embeddings, int milliOfflm)
    {
        var receipt = new Receipt { PromptTokens = 800, Outcome = outcome, Extension = embeddings ? EmbeddingMark.Extension : default };

        Assert.Equal((UInt128)milliOfflm * Offlm / 1000, Fee.Of(Golden, receipt).Total);
    }

    [Fact]
    public void A_void_receipt_costs_nothing() => Assert.Equal(
        UInt128.Zero,
        Fee.Of(Golden, new Receipt { PromptTokens = 800, CompletionTokens = 1200, Outcome = Receipts.Outcome.Void }).Total);

    [Fact]
    public void M25_More_cached_than_prompt_tokens_are_refused() =>
        Assert.Contains("5 cached tokens of 4", Assert.Throws<ArgumentException>(() => Fee.Of(Golden, 4, 5, 1)).Message);

    [Fact]
    public void A_ceiling_is_never_below_what_any_caching_costs() => Amounts.Check(Answers, a =>
        Fee.Of(a.Tariff, a.Prompt, a.Cached, a.Completion).Total <= Fee.Ceiling(a.Tariff, a.Prompt, a.Completion));

    [Fact]
    public void A_credit_pays_for_exactly_the_affordable_tokens_and_not_one_more()
    {
        var cases = from answer in Answers from credit in Amounts.UpTo(UInt128.One << 127) select (answer.Tariff, answer.Prompt, answer.Completion, credit);
        Amounts.Check(cases, c =>
        {
            var (tariff, prompt, limit, credit) = c;
            var tokens = Fee.AffordableTokens(tariff, prompt, limit, credit);
            var within = tokens == 0 || Fee.Ceiling(tariff, prompt, tokens) <= credit;
            var maximal = tokens == limit || Fee.Ceiling(tariff, prompt, tokens + 1) > credit;
            return tokens <= limit && within && maximal;
        });
    }

    [Fact]
    public void What_is_left_after_the_platform_fee_is_divided_without_a_rest() => Amounts.Check(Answers, a =>
    {
        var fee = Fee.Of(a.Tariff, a.Prompt, a.Cached, a.Completion);
        return Sum(fee.Divide(a.Tariff)) == fee.Base;
    });

    internal static BigInteger Sum(IEnumerable<UInt128> parts) => parts.Aggregate(BigInteger.Zero, (sum, part) => sum + part);

    private static BigInteger HalfToEven(BigInteger numerator, BigInteger denominator)
    {
        var (quotient, remainder) = BigInteger.DivRem(numerator, denominator);
        var comparison = (2 * remainder).CompareTo(denominator);
        return comparison > 0 || (comparison == 0 && !quotient.IsEven) ? quotient + 1 : quotient;
    }
}
