using OffLM.Edge.Inference.Tests.Support;

namespace OffLM.Edge.Inference.Tests.Scheduling;

public sealed class IdleSlotsTests
{
    private readonly FakeEngine _engine = new();

    [Fact]
    public void The_longest_common_beginning_in_the_scope_is_taken_and_rewound()
    {
        using var idle = new IdleSlots(4, 1 << 20, 1);
        idle.Put(Slot("a", Enumerable.Range(0, 40)));
        idle.Put(Slot("a", Enumerable.Range(0, 60)));
        idle.Put(Slot("b", Enumerable.Range(0, 90)));
        int[] prompt = [.. Enumerable.Range(0, 50), 99, 98];

        var found = idle.Take("a", prompt, 60);

        Assert.Equal(50, found!.Tokens.Count);
        Assert.Equal(50, found.Slot.Length);
        Assert.Equal(2, idle.Count);
    }

    [Fact]
    public void Nothing_is_taken_of_another_scope_or_too_small_or_hardly_common()
    {
        using var idle = new IdleSlots(4, 1 << 20, 1);
        idle.Put(Slot("a", Enumerable.Range(0, 40)));

        Assert.Null(idle.Take("b", [.. Enumerable.Range(0, 50)], 60));
        Assert.Null(idle.Take("a", [.. Enumerable.Range(0, 50)], 101));
        Assert.Null(idle.Take("a", [.. Enumerable.Range(0, 10), .. Enumerable.Range(70, 30)], 60));
        Assert.NotNull(idle.Take("a", [.. Enumerable.Range(0, 50)], 60));
    }

    [Fact]
    public void When_no_more_may_be_kept_the_least_recently_used_that_is_large_enough_is_taken_rewound_to_nothing()
    {
        using var idle = new IdleSlots(3, 1 << 20, 1);
        idle.Put(new IdleSlot(_engine.CreateSlot(20), "a", [1]));
        idle.Put(Slot("b", Enumerable.Range(0, 40)));
        Assert.Null(idle.Take("d", [.. Enumerable.Range(0, 50)], 60));
        idle.Put(Slot("c", Enumerable.Range(0, 40)));

        var found = idle.Take("d", [.. Enumerable.Range(0, 50)], 60);

        Assert.Equal(("b", 0, 0), (found!.Scope, found.Tokens.Count, found.Slot.Length));
        Assert.Equal([(2, "rewind 0")], _engine.Log);
        Assert.Equal(2, idle.Count);
    }

    [Fact]
    public void The_least_recently_used_leaves_when_there_are_too_many_or_too_much_memory()
    {
        using var idle = new IdleSlots(2, 250, 1);
        idle.Put(Slot("a", Enumerable.Range(0, 40)));
        idle.Put(Slot("b", Enumerable.Range(0, 40)));
        idle.Put(Slot("c", Enumerable.Range(0, 40)));
        Assert.Equal([(1, "free")], _engine.Log);

        idle.Put(new IdleSlot(_engine.CreateSlot(200), "d", [1]));

        Assert.Equal(1, idle.Count);
        Assert.Equal([(1, "free"), (2, "free"), (3, "free")], _engine.Log);
    }

    private IdleSlot Slot(string scope, IEnumerable<int> tokens)
    {
        var slot = new FakeSlot(_engine, _engine.CreateSlotNumber(), 100);
        List<int> cache = [.. tokens];
        slot.Fill(cache);
        return new IdleSlot(slot, scope, cache);
    }
}
