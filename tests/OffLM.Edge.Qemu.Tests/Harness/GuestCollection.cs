namespace OffLM.Edge.Qemu.Tests.Harness;

/// <summary>All tests share one guest, one after the other.</summary>
[CollectionDefinition(Name)]
public sealed class GuestCollection : ICollectionFixture<Guest>
{
    public const string Name = "guest";
}
