using OffLM.Edge.Metering.Tariffs;

namespace OffLM.Edge.Metering.Tests;

public sealed class ScheduleTests
{
    private static readonly UInt128 Half = UInt128.Parse("500000000000000000");

    [Fact]
    public void The_ready_made_schedules_divide_half_an_OFFLM_as_published()
    {
        Assert.Equal([Half * 60 / 100, Half * 15 / 100, Half * 15 / 100, Half * 10 / 100], Schedule.ByName["depin-60-15-15-10"].Divide(Half));
        Assert.Equal([Half * 25 / 100, Half * 10 / 100, Half * 50 / 100, Half * 15 / 100], Schedule.ByName["burn-and-mint-50"].Divide(Half));
    }

    [Fact]
    public void Every_ready_made_schedule_divides_any_amount_without_a_rest()
    {
        foreach (var schedule in Schedule.ByName.Values)
        {
            Assert.Equal(BasisPoints.Whole, schedule.Providers + schedule.Validators + schedule.Burn + schedule.Treasury);
            Amounts.Check(Amounts.UpTo(UInt128.MaxValue), amount => FeeTests.Sum(schedule.Divide(amount)) == amount);
        }
    }

    [Fact]
    public void A_share_in_basis_points_is_rounded_half_to_even()
    {
        Assert.Equal((UInt128)0, BasisPoints.Of(1, 5000));
        Assert.Equal((UInt128)2, BasisPoints.Of(3, 5000));

        // Ties at 1.5, 4.5 and 499.5: the whole result decides, not the part that the amount's last digits give.
        Assert.Equal((UInt128)2, BasisPoints.Of(15_000, 1));
        Assert.Equal((UInt128)4, BasisPoints.Of(15_000, 3));
        Assert.Equal((UInt128)500, BasisPoints.Of(15_000, 333));
        Assert.Equal(UInt128.MaxValue, BasisPoints.Of(UInt128.MaxValue, BasisPoints.Whole));
    }
}
