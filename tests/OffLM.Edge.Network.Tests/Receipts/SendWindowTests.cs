using OffLM.Edge.Network.Receipts;
using OffLM.Edge.Tests.Shared;

namespace OffLM.Edge.Network.Tests.Receipts;

public sealed class SendWindowTests
{
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    private readonly ManualTime _time = new();
    private readonly SendWindow _window;

    public SendWindowTests() => _window = new SendWindow(_time, () => 0.5);

    [Fact]
    public void M14_It_holds_64_batches_and_takes_the_next_when_one_has_its_verdict()
    {
        for (var batch = 1ul; batch <= SendWindow.MaxBatches; batch++)
        {
            Assert.True(_window.HasRoom);
            _window.Add(batch, 100);
        }

        Assert.False(_window.HasRoom);
        Assert.True(_window.Remove(7));
        Assert.True(_window.HasRoom);
        Assert.False(_window.Remove(7));
    }

    [Fact]
    public void It_holds_4_MiB_however_few_batches_those_are()
    {
        _window.Add(1, SendWindow.MaxBytes - 1);
        Assert.True(_window.HasRoom);
        _window.Add(2, 1);
        Assert.False(_window.HasRoom);
        _window.Remove(1);
        Assert.True(_window.HasRoom);
    }

    [Fact]
    public void M13_A_batch_without_a_verdict_is_sent_again_after_a_minute_then_two_up_to_an_hour()
    {
        _window.Add(1, 100);
        foreach (var minutes in (int[])[1, 2, 4, 8, 16, 32, 60, 60])
        {
            _window.Taken(1);
            Assert.Equal(minutes * Minute, _window.UntilDue());
            _time.Advance((minutes * Minute) - TimeSpan.FromSeconds(1));
            Assert.Null(_window.TakeDue());
            _time.Advance(TimeSpan.FromSeconds(1));
            Assert.Equal(1ul, _window.TakeDue());
            Assert.Null(_window.TakeDue());
        }
    }

    [Fact]
    public void M31_Where_the_broker_had_lost_the_session_it_is_sent_again_after_5_and_20_seconds_already()
    {
        var window = new SendWindow(_time, () => 0.5, isNewSession: true);
        window.Add(1, 100);
        foreach (var seconds in (int[])[5, 20, 60, 120])
        {
            window.Taken(1);
            Assert.Equal(TimeSpan.FromSeconds(seconds), window.UntilDue());
            _time.Advance(TimeSpan.FromSeconds(seconds));
            Assert.Equal(1ul, window.TakeDue());
        }

        Assert.Equal(TimeSpan.FromHours(1), ResendSchedule.After(int.MaxValue, 0.5, isNewSession: true));
    }

    [Fact]
    public void While_a_batch_is_leaving_it_is_not_sent_again()
    {
        _window.Add(1, 100);
        _time.Advance(TimeSpan.FromDays(1));
        Assert.Null(_window.TakeDue());
        Assert.Null(_window.UntilDue());
    }

    [Fact]
    public void When_the_broker_refuses_one_the_others_wait_and_one_is_tried()
    {
        _window.Add(1, 100);
        _window.Add(2, 100);
        _window.HeldBack(1);
        _window.HeldBack(2);
        Assert.False(_window.HasRoom);

        foreach (var seconds in (int[])[5, 10, 20, 40, 80, 160, 300, 300])
        {
            Assert.Equal(TimeSpan.FromSeconds(seconds), _window.UntilDue());
            Assert.Null(_window.TakeDue());
            _time.Advance(TimeSpan.FromSeconds(seconds));
            Assert.Equal(1ul, _window.TakeDue());
            Assert.Null(_window.TakeDue());
            _window.HeldBack(1);
        }

        _time.Advance(5 * Minute);
        Assert.Equal(1ul, _window.TakeDue());
        _window.Taken(1);
        Assert.True(_window.HasRoom);
        Assert.Equal(2ul, _window.TakeDue());
    }

    [Fact]
    public void A_refused_batch_that_gets_its_verdict_after_all_holds_nobody_back()
    {
        _window.Add(1, 100);
        _window.HeldBack(1);
        _window.Remove(1);
        Assert.True(_window.HasRoom);
        Assert.Null(_window.UntilDue());
    }

    [Fact]
    public void Pauses_are_spread_so_that_a_fleet_does_not_come_back_together()
    {
        Assert.Equal(TimeSpan.FromSeconds(48), ResendSchedule.After(1, 0, isNewSession: false));
        Assert.Equal(TimeSpan.FromSeconds(72), ResendSchedule.After(1, 1, isNewSession: false));
        Assert.Equal(TimeSpan.FromMinutes(72), ResendSchedule.After(int.MaxValue, 1, isNewSession: false));
    }
}
