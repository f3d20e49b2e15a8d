using OffLM.Edge.Board.Energy;
using OffLM.Edge.Work.Callers;

namespace OffLM.Edge.Lan.Tests.NodeApi;

/// <summary>A node that has answered: two signed receipts of the household, one signed and one open receipt of Anna's key.</summary>
public sealed class ServedNode : IAsyncLifetime
{
    private static readonly ElectricityPrice Price = ElectricityPrice.TryParse(["0.31"], out var price) ? price : throw new InvalidOperationException("0.31 is a price.");

    public RunningNode Running { get; private set; } = null!;

    public HttpClient Owner { get; private set; } = null!;

    public HttpClient Anna { get; private set; } = null!;

    public ApiKey AnnasKey { get; private set; } = null!;

    /// <summary>Receipts 1 to 4 by their request.</summary>
    public IReadOnlyList<string> Receipts { get; private set; } = [];

    public async Task InitializeAsync()
    {
        Running = await RunningNode.StartAsync(options: o => o with { Board = new() { Name = "simulated", Price = Price } });
        Owner = Running.Client();
        (AnnasKey, var secret) = Running.AddKey("Anna");
        Anna = Running.Client(secret);
        var receipts = new List<string>
        {
            await RunningNode.ReceiptOfAsync(Owner),
            await RunningNode.ReceiptOfAsync(Anna),
            await RunningNode.ReceiptOfAsync(Owner),
        };
        await RunningNode.JsonAsync(Owner, HttpMethod.Post, "/node/v1/seal");
        receipts.Add(await RunningNode.ReceiptOfAsync(Anna));
        Receipts = receipts;
    }

    public async Task DisposeAsync() => await Running.DisposeAsync();
}
