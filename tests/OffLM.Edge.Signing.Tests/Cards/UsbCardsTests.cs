using OffLM.Edge.Signing.Cards;
using OffLM.Edge.Signing.Interop.Libusb;

namespace OffLM.Edge.Signing.Tests.Cards;

public sealed class UsbCardsTests
{
    [Fact]
    public void Where_no_such_card_is_plugged_in_the_reason_says_what_to_do()
    {
        // No token has this serial number; this machine may have USB or not.
        var message = Assert.Throws<CardException>(() => UsbCards.Open("FFFF:00000000")).Message;
        Assert.True(
            message.Contains("is plugged in", StringComparison.Ordinal) || message.Contains("not plugged in", StringComparison.Ordinal) || message.Contains("/dev/bus/usb", StringComparison.Ordinal),
            message);
    }

    [Fact]
    public void Who_may_hold_a_reader_is_named_with_the_way_to_stop_it() =>
        Assert.Matches("systemctl disable|gpgconf --kill|stop it first", ReaderHolders.Describe());
}
