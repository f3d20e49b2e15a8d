using OffLM.Edge.Board;
using OffLM.Edge.Board.Boards;
using OffLM.Edge.Inference;
using OffLM.Edge.Metering.Tariffs;
using OffLM.Edge.Signing;
using OffLM.Edge.Signing.Cards;

namespace OffLM.Edge.Work.Running;

/// <summary>What a node is told at its start.</summary>
public sealed record NodeOptions
{
    /// <summary>Where ledger, keys and access are.</summary>
    public required string StateDirectory { get; init; }

    /// <summary>Where models are.</summary>
    public required string ModelsDirectory { get; init; }

    /// <summary>The program's version, for people.</summary>
    public required string Version { get; init; }

    public required KeyUri Key { get; init; }

    /// <summary>How the node reaches its card, if its key is one.</summary>
    public CardConnector Cards { get; init; } = UsbCards.Open;

    /// <summary>Where the card's PIN is.</summary>
    public CardPinSource CardPin { get; init; } = CardPinSources.FromSystem;

    /// <summary>The network that batches are signed for.</summary>
    public TypedDomain Domain { get; init; } = TypedDomain.TestNetwork;

    /// <summary>The prices for requests that somebody pays for.</summary>
    public Tariff Tariff { get; init; } = Tariff.Free;

    /// <summary>Who gets the tariff's platform fee; null for a tariff without a schedule.</summary>
    public Schedule? Schedule { get; init; }

    /// <summary>A batch is signed this long after its first receipt.</summary>
    public TimeSpan BatchInterval { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How long receipts keep their contents after settlement, or after signing for own use.</summary>
    public TimeSpan Retention { get; init; } = TimeSpan.FromDays(90);

    /// <summary>Free space on the ledger's disk below which no request is taken.</summary>
    public long MinimumFreeBytes { get; init; } = 64 << 20;

    /// <summary>How long running answers may go on after the node was told to stop.</summary>
    public TimeSpan ShutdownGrace { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>The board that is kept cool and measured; null for none.</summary>
    public BoardOptions? Board { get; init; }

    public ModelHostOptions Models { get; init; } = new();

    /// <summary>Execution providers for models in the owner's order; null for the board's.</summary>
    public IReadOnlyList<string>? Providers { get; init; }

    public string LedgerPath => Path.Combine(StateDirectory, "ledger.db");

    /// <summary>Where execution providers keep what they compiled.</summary>
    public string EngineCachePath => Path.Combine(StateDirectory, "engines");

    public string AccessPath => Path.Combine(StateDirectory, "access.db");

    /// <summary>How models are computed on a board: by the execution providers that its file or the owner names.</summary>
    public ModelHostOptions ModelsOn(BoardFile? board) => Models with { Providers = ProviderOrder.Of(board, Providers), EngineCache = EngineCachePath };
}
