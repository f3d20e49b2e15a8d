using OffLM.Edge.Metering.Receipts;
using OffLM.Edge.Signing;

namespace OffLM.Edge.Metering.Tests;

public sealed class RequestNameTests
{
    [Fact]
    public void Names_in_a_row_stand_beside_each_other_and_can_still_not_be_guessed()
    {
        var names = Enumerable.Range(0, 2000).Select(_ => RequestName.Next()).ToArray();
        Assert.InRange(names.Select(Beginning).Distinct().Count(), 2, 10);
        Assert.Equal(2000, names.Select(n => Convert.ToHexString(n.AsSpan()[8..16])).Distinct().Count());
        Assert.Equal(2000, names.Select(n => Convert.ToHexString(n.AsSpan()[24..])).Distinct().Count());
    }

    private static string Beginning(Bytes32 name) => Convert.ToHexString(name.AsSpan()[..8]);
}
