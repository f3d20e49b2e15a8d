using OffLM.Mqtt.Receiving;

namespace OffLM.Mqtt.Tests;

public sealed class TopicFilterTests
{
    [Theory]
    [InlineData("a/b", "a/b", true)]
    [InlineData("a/b", "a/b/c", false)]
    [InlineData("a/b/c", "a/b", false)]
    [InlineData("a/+", "a/b", true)]
    [InlineData("a/+", "a/", true)]
    [InlineData("a/+", "a", false)]
    [InlineData("a/+", "a/b/c", false)]
    [InlineData("+/+", "/a", true)]
    [InlineData("/+", "/a", true)]
    [InlineData("+", "/a", false)]
    [InlineData("a/#", "a", true)]
    [InlineData("a/#", "a/b/c", true)]
    [InlineData("a/#", "ab", false)]
    [InlineData("a/+/#", "a/b", true)]
    [InlineData("a/+/#", "a", false)]
    [InlineData("#", "a/b", true)]
    [InlineData("#", "$SYS/a", false)]
    [InlineData("+/a", "$SYS/a", false)]
    [InlineData("$SYS/#", "$SYS/a", true)]
    [InlineData("$share/g/a/+", "a/b", true)]
    [InlineData("$share/g/a/+", "b/b", false)]
    [InlineData("$share/g/#", "$SYS/a", false)]
    public void Filters_match_as_the_specification_says(string filter, string topic, bool matches)
    {
        Assert.Null(TopicFilter.Problem(filter));
        Assert.Equal(matches, TopicFilter.Matches(filter, topic));
    }

    [Theory]
    [InlineData("")]
    [InlineData("a#")]
    [InlineData("#/a")]
    [InlineData("a/b+")]
    [InlineData("a/#/b")]
    [InlineData("$share/g")]
    [InlineData("$share/g/")]
    [InlineData("$share//a")]
    [InlineData("$share/+/a")]
    public void Malformed_filters_are_refused(string filter)
    {
        Assert.NotNull(TopicFilter.Problem(filter));
        var connection = new TestClient(TestClient.Options(new Uri("mqtt://127.0.0.1:1"))).Connection;
        Assert.Throws<ArgumentException>(() => connection.Subscribe(filter, Delivery.AtLeastOnce, (_, _) => ValueTask.CompletedTask));
    }
}
