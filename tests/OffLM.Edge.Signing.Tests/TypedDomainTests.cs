namespace OffLM.Edge.Signing.Tests;

public sealed class TypedDomainTests
{
    [Fact]
    public void Domains_are_equal_whether_or_not_one_has_signed_already()
    {
        var fresh = TypedDomain.Receipts(7, TypedDomain.TestContract);
        var used = TypedDomain.Receipts(7, TypedDomain.TestContract);
        used.Digest(Bytes32.Zero);
        Assert.Equal(fresh, used);
        Assert.Equal(fresh.GetHashCode(), used.GetHashCode());
        Assert.NotEqual(fresh, TypedDomain.Receipts(8, TypedDomain.TestContract));
    }

    [Fact]
    public void A_changed_copy_has_a_separator_of_its_own()
    {
        var first = TypedDomain.Receipts(7, TypedDomain.TestContract);
        var separator = first.Separator;
        Assert.Equal(TypedDomain.Receipts(8, TypedDomain.TestContract).Separator, (first with { ChainId = 8 }).Separator);
        Assert.Equal(separator, first.Separator);
    }

    [Fact]
    public void The_default_network_is_marked_as_a_test()
    {
        Assert.True(TypedDomain.TestNetwork.IsTestNetwork);
        Assert.False(TypedDomain.Receipts(1, Address.Parse("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed")).IsTestNetwork);
    }
}
