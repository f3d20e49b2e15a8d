namespace OffLM.Mqtt.Tests;

public sealed class TopicTests
{
    private const string Node = "0x00000000000000000000000000000000000000aa";

    [Fact]
    public void Each_topic_is_spelled_as_the_contract_says_and_read_back()
    {
        var topics = new Topics("north", Node);
        (string Topic, string Kind)[] all =
        [
            (topics.Birth, "birth"),
            (topics.State, "state"),
            (topics.Telemetry, "telemetry"),
            (topics.ReceiptBatch, "receipts/batch"),
            (topics.ReceiptAcknowledgement, "receipts/ack"),
        ];
        foreach (var (topic, kind) in all)
        {
            Assert.Equal($"offlm/v1/north/{Node}/{kind}", topic);
            Assert.True(Topics.TryParse(topic, out var read, out var readKind));
            Assert.Equal(topics, read);
            Assert.Equal(kind, readKind);
        }

        Assert.Equal("offlm/v1/north/+/receipts/batch", Topics.OfAllNodes("north", "receipts/batch"));
        Assert.Equal("$share/collectors/offlm/v1/north/+/receipts/batch", Topics.OfAllNodes("north", "receipts/batch", "collectors"));
    }

    [Theory]
    [InlineData("default", true)]
    [InlineData("a", true)]
    [InlineData("a-b_c.9", true)]
    [InlineData("", false)]
    [InlineData("North", false)]
    [InlineData("a/b", false)]
    [InlineData("a+", false)]
    [InlineData("a#", false)]
    [InlineData("é", false)]
    [InlineData("a b", false)]
    public void A_fleets_name_needs_no_escaping_anywhere(string name, bool good) => Assert.Equal(good, Topics.IsFleet(name));

    [Fact]
    public void A_fleets_name_has_at_most_64_characters()
    {
        Assert.True(Topics.IsFleet(new string('a', 64)));
        Assert.False(Topics.IsFleet(new string('a', 65)));
    }

    /// <summary>Whatever is changed in a topic: it is refused, or it is another node's topic, spelled just so.</summary>
    [Fact]
    public void A_changed_topic_is_refused_or_reads_as_what_it_says()
    {
        var random = new Random(11);
        const string alphabet = "0123456789abcdefxX/+#$ offlmvABC\0é";
        var good = new Topics("default", Node).ReceiptBatch;
        for (var i = 0; i < 50_000; i++)
        {
            var changed = good.ToList();
            for (var change = random.Next(1, 4); change > 0; change--)
            {
                var at = random.Next(changed.Count);
                switch (random.Next(3))
                {
                    case 0:
                        changed[at] = alphabet[random.Next(alphabet.Length)];
                        break;
                    case 1:
                        changed.Insert(at, alphabet[random.Next(alphabet.Length)]);
                        break;
                    default:
                        changed.RemoveAt(at);
                        break;
                }
            }

            var topic = string.Concat(changed);
            if (Topics.TryParse(topic, out var topics, out var kind))
            {
                Assert.Equal(topic, $"{Topics.Root}/{topics.Fleet}/{topics.Node}/{kind}");
                Assert.True(Topics.IsFleet(topics.Fleet));
                Assert.Matches("^0x[0-9a-f]{40}$", topics.Node);
                Assert.NotEmpty(kind);
            }
        }
    }
}
