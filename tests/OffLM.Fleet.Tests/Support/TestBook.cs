using OffLM.Edge.Metering.Batches;
using OffLM.Edge.Signing;
using OffLM.Edge.Signing.TypedStructs;
using OffLM.Fleet.Store;
using OffLM.Fleet.Verification;

namespace OffLM.Fleet.Tests.Support;

/// <summary>A real database and what a collector does with it, without a broker.</summary>
internal sealed class TestBook : IDisposable
{
    private readonly TestFolder? _folder;
    private readonly ContentCheck _check = new(TypedDomain.TestNetwork);

    public TestBook(bool trustOnFirstUse = true, string? path = null)
    {
        _folder = path is null ? new TestFolder() : null;
        Path = path ?? _folder!["fleet.db"];
        Database = FleetDatabase.Open(Path);
        Book = new BatchBook(Database, new BookRules(TypedDomain.TestNetwork, trustOnFirstUse), new Notary(Key), Time);
    }

    public string Path { get; }

    public KeyFileKey Key { get; } = new("collector", Keccak256.Hash("a collector for tests"u8).ToArray());

    public ManualTime Time { get; } = new();

    public FleetDatabase Database { get; }

    public BatchBook Book { get; }

    public NodeTable Nodes => new(Database.Connection);

    public BatchTable Batches => new(Database.Connection);

    public PendingTable Pending => new(Database.Connection);

    public TotalsTable Totals => new(Database.Connection);

    public IncidentTable Incidents => new(Database.Connection);

    /// <summary>Takes a message as a collector does, in a transaction of its own.</summary>
    public IReadOnlyList<Answer> Take(byte[] message, string topic) => Database.Write(() =>
    {
        var answers = new List<Answer>(Book.Take(Arrival.Read(topic, message, _check)));
        while (Book.HasMoreDue)
        {
            answers.AddRange(Book.TakeDue());
        }

        return answers;
    });

    public IReadOnlyList<Answer> Take(SignedMessage message) => Take(message.Bytes, message.Topic);

    public void Trust(Address address) => Database.Write(() => Nodes.Add(address, Fleet.Store.Trust.Given, 0));

    /// <summary>True if the answer is by this collector.</summary>
    public bool IsSigned(Answer answer) =>
        answer.Signature.Recover(TypedDomain.TestNetwork.Digest(TypedStruct.Hash(answer.Acknowledgement))) == Key.Address;

    /// <summary>The one answer, if it settles.</summary>
    public static Answer Settled(IReadOnlyList<Answer> answers)
    {
        var answer = Assert.Single(answers);
        Assert.Equal((Verdict.Settled, ""), (answer.Acknowledgement.Verdict, answer.Acknowledgement.Reason));
        return answer;
    }

    /// <summary>The first answer's reason, if it refuses.</summary>
    public static string Refused(IReadOnlyList<Answer> answers)
    {
        Assert.NotEmpty(answers);
        Assert.Equal(Verdict.Refused, answers[0].Acknowledgement.Verdict);
        return answers[0].Acknowledgement.Reason;
    }

    public void Dispose()
    {
        Database.Dispose();
        Key.Dispose();
        _folder?.Dispose();
    }
}
