using OffLM.CardSimulator.Card;
using OffLM.CardSimulator.Fronts;
using OffLM.Edge.Signing.Cards;
using OffLM.Edge.Signing.Cards.Ccid;
using OffLM.Edge.Signing.Cards.OpenPgp;
using OffLM.Edge.Signing.Interop.Secp256k1;
using OffLM.Edge.Tests.Shared;

namespace OffLM.Edge.Signing.Tests.Cards;

/// <summary>A mad card and a mad reader: whatever they answer, a signature is right or there is none, and no more is thrown than a card's errors.</summary>
public sealed class FuzzTests
{
    /// <summary>Answers that are changed or made up, in each of the two tests: 100,000 together.</summary>
    private const int Answers = 50_000;

    [Fact]
    public void Fifty_thousand_mad_APDU_answers_lead_to_no_crash_and_no_wrong_signature()
    {
        var random = new Random(20260801);
        var tally = new Tally();
        var simulated = new SimulatedCard();
        var madness = 0;
        simulated.Prepare = channel => channel.Alter = answer =>
        {
            if (random.Next(100) >= madness)
            {
                return answer;
            }

            tally.Mad++;
            return Mutate(random, answer);
        };
        while (tally.Mad < Answers)
        {
            madness = random.Next(2, 60);
            Attempt(() => simulated.Connect(), simulated.Address, random, tally);
            Forgive(simulated.State);
        }

        tally.Check();
    }

    [Fact]
    public async Task A_mad_card_brings_the_nodes_key_to_no_crash_and_no_wrong_signature()
    {
        var random = new Random(20260803);
        var (signed, refused) = (0, 0);
        var card = new SimulatedCard { Prepare = channel => channel.Alter = answer => random.Next(100) < 3 ? Mutate(random, answer) : answer };
        while (refused < 100)
        {
            var digest = Random32(random);
            try
            {
                using var key = await card.OpenKeyAsync();
                for (var i = 0; i < 10; i++)
                {
                    _ = await key.ReadCounterAsync(CancellationToken.None);

                    // A mad card may name another key; then what it signs must be by that one, and the ledger knows its own.
                    Assert.Equal(key.Address, (await key.SignAsync(digest, CancellationToken.None)).Recover(digest));
                    signed++;
                }
            }
            catch (KeyUnavailableException)
            {
                refused++;
            }

            Forgive(card.State);
        }

        Assert.True(signed > 100, $"Only {signed} signatures came through.");
    }

    [Fact]
    public void Fifty_thousand_mad_CCID_messages_lead_to_no_crash_no_hang_and_no_wrong_signature()
    {
        var random = new Random(20260802);
        var tally = new Tally();
        var state = SimulatedCard.Enrolled();
        var address = Address.OfPublicKey(SimulatedKey.PublicKeyOf(state.Secret!));
        while (tally.Mad < Answers)
        {
            var time = new ManualTime();
            var manners = new CcidManners { MaxMessage = random.Next(2) == 0 ? 271 : 3072, AnswerPart = random.Next(2) == 0 ? 50 : int.MaxValue };
            var madness = random.Next(2, 50);
            var pipe = new SimulatedPipe(new CcidDevice(new CardApplication(state), manners)) { Waited = time.Advance };
            pipe.TransferSize = random.Next(3) == 0 ? random.Next(1, 600) : int.MaxValue;
            pipe.Alter = answer =>
            {
                if (random.Next(100) >= madness)
                {
                    return [answer];
                }

                tally.Mad++;
                time.Advance(TimeSpan.FromMilliseconds(1));
                return Enumerable.Repeat(Mutate(random, answer), random.Next(0, 3));
            };
            Attempt(() => OpenPgpCard.Select(CcidChannel.Connect(pipe, CcidDescriptor.Parse(manners.Descriptor())!, time)), address, random, tally);
            Forgive(state);
            Assert.True(pipe.IsDisposed, "The reader was not let go.");
        }

        tally.Check();
    }

    /// <summary>One life of a card: found, its PIN presented, asked to sign.</summary>
    private static void Attempt(Func<OpenPgpCard> connect, Address address, Random random, Tally tally)
    {
        try
        {
            using var card = connect();
            var digest = Random32(random);
            card.VerifySigningPin("134679"u8);
            _ = card.ReadSignatureCounter();
            var signature = Secp256k1.Complete(card.Sign(digest), digest, address);
            Assert.True(signature is null || signature.Value.Recover(digest) == address);
            tally.Signed += signature is null ? 0 : 1;
        }
        catch (CardException)
        {
            tally.Refused++;
        }
    }

    /// <summary>Madness may make the card believe that it was given wrong PINs, or that it wants a touch.</summary>
    private static void Forgive(CardState state) => (state.UserTries, state.Touch) = (CardState.AllTries, 0);

    private static Bytes32 Random32(Random random)
    {
        var bytes = new byte[32];
        random.NextBytes(bytes);
        return new(bytes);
    }

    private static byte[] Mutate(Random random, byte[] answer)
    {
        var bytes = answer.ToList();
        switch (random.Next(7))
        {
            case 0:
                var made = new byte[random.Next(0, 600)];
                random.NextBytes(made);
                return made;
            case 1:
                return answer[..random.Next(answer.Length + 1)];
            case 2:
                bytes.AddRange(new byte[random.Next(1, 700)]);
                return [.. bytes];
            case 3 when bytes.Count > 0:
                bytes[random.Next(bytes.Count)] = (byte)random.Next(256);
                return [.. bytes];
            case 4 when bytes.Count > 0:
                // Lengths, chain marks, status: where most of the meaning is.
                bytes[random.Next(Math.Min(12, bytes.Count))] ^= (byte)(1 << random.Next(8));
                return [.. bytes];
            case 5 when bytes.Count > 1:
                (bytes[^2], bytes[^1]) = ((byte)(random.Next(2) == 0 ? 0x61 : 0x6C), (byte)random.Next(256));
                return [.. bytes];
            default:
                for (var i = 0; i < bytes.Count; i++)
                {
                    bytes[i] ^= (byte)(random.Next(10) == 0 ? random.Next(256) : 0);
                }

                return [.. bytes];
        }
    }

    private sealed class Tally
    {
        public int Mad { get; set; }

        public int Signed { get; set; }

        public int Refused { get; set; }

        public void Check()
        {
            Assert.True(Signed > 100, $"Only {Signed} signatures came through.");
            Assert.True(Refused > 1000, $"Only {Refused} attempts met madness.");
        }
    }
}
