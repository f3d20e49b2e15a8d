using OffLM.Edge.Board.Boards;
using OffLM.Edge.Work.Running;

namespace OffLM.Edge.Work.Tests.Running;

public sealed class ProviderOrderTests
{
    private static readonly BoardFile Board = BoardCatalogue.Get("jetson-orin-nano");

    [Fact]
    public void The_boards_order_and_settings_hold() =>
        Assert.Equal(["TensorRT", "CUDA", "CPU"], ProviderOrder.Of(Board, names: null).Select(r => r.Name));

    [Fact]
    public void The_owners_order_wins_and_the_boards_settings_stay()
    {
        var rungs = ProviderOrder.Of(Board, ["CUDA", "TensorRT"]);

        Assert.Equal(["CUDA", "TensorRT"], rungs.Select(r => r.Name));
        Assert.Contains("gpu_mem_limit", rungs[0].Options.Keys);
        Assert.Equal("1", rungs[1].Options["trt_fp16_enable"]);
    }

    [Fact]
    public void A_provider_that_the_board_says_nothing_of_can_be_asked_for() =>
        Assert.Empty(Assert.Single(ProviderOrder.Of(BoardCatalogue.Get("simulated"), ["CUDA"])).Options);

    [Fact]
    public void Without_a_board_the_CPU_computes() => Assert.Empty(ProviderOrder.Of(board: null, names: null));
}
