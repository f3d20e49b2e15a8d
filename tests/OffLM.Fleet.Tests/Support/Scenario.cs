using OffLM.Edge.Metering.Batches;
using OffLM.Edge.Metering.Receipts;
using OffLM.Mqtt.Contracts;

namespace OffLM.Fleet.Tests.Support;

/// <summary>Chains of some nodes with faults, by chance: what they sent, and what others made of it.</summary>
internal sealed class Scenario
{
    private Scenario(IReadOnlyList<(byte[] Message, string Topic)> inOrder, IReadOnlyList<(byte[] Message, string Topic)> noise, IReadOnlyList<(byte[] Message, string Topic)> late) =>
        (InOrder, Noise, Late) = (inOrder, noise, late);

    /// <summary>What the nodes sent, in the order of their chains.</summary>
    public IReadOnlyList<(byte[] Message, string Topic)> InOrder { get; }

    /// <summary>What must change nothing whenever it comes: spoilt copies, rubbish, children of another history.</summary>
    public IReadOnlyList<(byte[] Message, string Topic)> Noise { get; }

    /// <summary>What must change nothing when it comes last: second batches of a number.</summary>
    public IReadOnlyList<(byte[] Message, string Topic)> Late { get; }

    public static Scenario Create(Random random)
    {
        var (inOrder, noise, late) = (new List<(byte[], string)>(), new List<(byte[], string)>(), new List<(byte[], string)>());
        for (var n = random.Next(1, 4); n > 0; n--)
        {
            // Which of two batches had a request first depends on which copy came whole first: not both in one chain.
            var repeats = random.Next(2) == 0;
            var node = new TestNode($"node {n}", boot: 10);
            var sent = new List<SignedMessage>();
            for (var length = random.Next(1, 9); length > 0; length--)
            {
                sent.Add(NextOf(node, sent, repeats, random));
            }

            foreach (var message in sent)
            {
                inOrder.Add((message.Bytes, message.Topic));
                if (!repeats)
                {
                    noise.Add((Spoilt(message, random), message.Topic));
                }
            }

            noise.Add(([.. Enumerable.Range(0, random.Next(60)).Select(_ => (byte)random.Next(256))], sent[0].Topic));
            if (sent.Count == 1)
            {
                continue;
            }

            node.RestoreTo(sent[random.Next(sent.Count - 1)]);
            var second = node.Next();
            late.Add((second.Bytes, second.Topic));
            var child = node.Next();
            noise.Add((child.Bytes, child.Topic));
        }

        return new(inOrder, noise, late);
    }

    /// <summary>All messages in an order of chance, some of them several times.</summary>
    public IReadOnlyList<(byte[] Message, string Topic)> Shuffled(Random random)
    {
        var all = InOrder.Concat(Noise).Concat(InOrder.Where(_ => random.Next(3) == 0)).Concat(InOrder.Where(_ => random.Next(3) == 0)).ToArray();
        random.Shuffle(all);
        return [.. all, .. Late, .. InOrder.Where(_ => random.Next(4) == 0)];
    }

    private static SignedMessage NextOf(TestNode node, List<SignedMessage> sent, bool repeats, Random random)
    {
        var receipts = node.Serve(random.Next(1, 6));
        if (repeats && sent.Count > 0 && random.Next(2) == 0)
        {
            var earlier = sent[random.Next(sent.Count)].Receipts;
            receipts[0] = receipts[0] with { Request = earlier[random.Next(earlier.Count)].Request };
        }

        return random.Next(8) switch
        {
            0 => node.Sign(receipts, b => b with { Fees = b.Fees + 1 }),
            1 => node.Sign(Changed(receipts, r => r with { Fee = r.Fee + 7 })),
            2 => node.Sign(Changed(receipts, r => r with { Outcome = (Outcome)9 })),
            3 => node.Sign(receipts, b => b with { Boot = (uint)random.Next(9, 12) }),
            4 when sent.Count > 0 => Skipping(node, receipts, random),
            _ => node.Sign(receipts, discloseOwnUse: random.Next(2) == 0),
        };
    }

    private static SignedMessage Skipping(TestNode node, List<Receipt> receipts, Random random)
    {
        var gap = (ulong)random.Next(1, 5);
        node.NextSequence += gap;
        return node.Sign([.. receipts.Select(r => r with { Sequence = r.Sequence + gap })]);
    }

    private static List<Receipt> Changed(List<Receipt> receipts, Func<Receipt, Receipt> change) => [change(receipts[0]), .. receipts.Skip(1)];

    private static byte[] Spoilt(SignedMessage message, Random random) => message.Tampered(m =>
    {
        switch (random.Next(4))
        {
            case 0:
                m.Entries[0] = new Entry();
                break;
            case 1:
                m.Entries[0] = new Entry { Leaf = MessageEncoder.Bytes(new byte[32]) };
                break;
            case 2:
                m.Words.Clear();
                m.Entries[0].Receipt = new ReceiptMessage();
                break;
            default:
                m.Signature = MessageEncoder.Bytes([.. new byte[64], 27]);
                break;
        }
    });
}
