using System.Buffers;
using System.Text.Json;
using OffLM.Edge.Metering.Documents;
using OffLM.Edge.Metering.Receipts;
using OffLM.Edge.Signing;
using OffLM.Edge.Signing.TypedStructs;

namespace OffLM.Edge.Metering.Tests;

public sealed class HardwareReportTests
{
    [Fact]
    public void Its_type_is_what_the_documentation_says() => Assert.Equal(
        Keccak256.Hash("HardwareReport(address node,bytes32 report,uint64 measuredAt,uint8 clock)"u8), TypeDescription<HardwareReport>.TypeHash);

    [Fact]
    public void The_hash_does_not_depend_on_how_the_report_is_written() => Assert.Equal(
        HardwareReport.HashOf("""{"b":1.50,"a":"x"}"""u8.ToArray()), HardwareReport.HashOf("{ \"a\": \"x\",\n \"b\": 1.5 }"u8.ToArray()));

    [Fact]
    public void The_document_has_all_that_is_needed_to_check_the_signature()
    {
        var report = """{"engine":"direct"}"""u8.ToArray();
        var signed = new HardwareReport { Node = Address.Parse("0x00000000000000000000000000000000000000aa"), Report = HardwareReport.HashOf(report), MeasuredAt = 5, Clock = ClockSource.NetworkTime };
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            signed.Write(json, TypedDomain.TestNetwork, default, report);
        }

        using var document = JsonDocument.Parse(buffer.WrittenMemory);
        Assert.Equal("11155111", document.RootElement.GetProperty("domain").GetProperty("chainId").GetRawText());
        Assert.Equal("direct", document.RootElement.GetProperty("report").GetProperty("engine").GetString());
        Assert.Equal(signed.Report.ToString(), document.RootElement.GetProperty("signed").GetProperty("report").GetString());
        Assert.Equal(2 + (2 * 65), document.RootElement.GetProperty("signature").GetString()!.Length);
    }
}
