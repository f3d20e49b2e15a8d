using OffLM.Edge.Metering.Receipts;
using OffLM.Edge.Signing;

namespace OffLM.Edge.Metering.Tests;

public sealed class ReplayRecordTests
{
    private static readonly ReplayRecord Record = new()
    {
        Model = Keccak256.Hash("model"u8),
        Seed = ulong.MaxValue,
        Sampler = new Dictionary<string, double> { ["topP"] = 0.9, ["temperature"] = 0.8, ["topK"] = 40 },
        TokenLimit = 256,
        Stop = ["\n\n", "Ende – é"],
        Engine = "direct",
        EngineVersion = "1.29.0",
        ExecutionProvider = "cpu",
        CpuFeatures = ["fma", "avx2"],
        PrefillSplit = [512, 17],
        ReusedTokens = 3,
        RanAlone = true,
    };

    [Fact]
    public void The_record_is_written_in_canonical_form() => Assert.Equal(
        $$"""{"adapter":"0x{{new string('0', 64)}}","cpuFeatures":["avx2","fma"],"engine":"direct","engineVersion":"1.29.0","executionProvider":"cpu","model":"{{Keccak256.Hash("model"u8)}}","prefillSplit":[512,17],"ranAlone":true,"reusedTokens":3,"sampler":{"temperature":0.8,"topK":40,"topP":0.9},"schema":null,"seed":"18446744073709551615","stop":["\n\n","Ende – é"],"tokenLimit":256}""",
        Record.ToCanonicalJson());

    [Fact]
    public void The_order_in_which_settings_are_given_changes_nothing()
    {
        var salt = Bytes32.Random();
        var other = Record with { Sampler = Record.Sampler.Reverse().ToDictionary(), CpuFeatures = ["avx2", "fma"] };
        Assert.Equal(Record.Commit(salt), other.Commit(salt));
        Assert.Equal(Record.Commit(salt), Commitment.To(salt, Record.ToCanonicalJson()));
        Assert.NotEqual(Record.Commit(salt), (Record with { Seed = 1 }).Commit(salt));
    }

    [Fact]
    public void What_JSON_can_t_hold_is_refused_rather_than_changed()
    {
        Assert.Contains("'temperature'", Assert.Throws<FormatException>(() =>
            (Record with { Sampler = new Dictionary<string, double> { ["temperature"] = double.NaN } }).ToCanonicalJson()).Message);
        Assert.Throws<FormatException>(() => (Record with { Stop = ["\ud800"] }).ToCanonicalJson());
        Assert.Throws<FormatException>(() => (Record with { Schema = "\udc00" }).ToCanonicalJson());
    }
}
