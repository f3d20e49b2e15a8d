using OffLM.Edge.Inference;

namespace OffLM.Edge.Work.Requests;

/// <summary>What somebody needs to run a request again and compare: the receipt commits to it.</summary>
internal static class ExecutionRecord
{
    /// <summary>What is known at admission.</summary>
    public static string Of(ModelLease lease, WorkRequest request) => Build(lease, request, null);

    /// <summary>The whole record.</summary>
    public static string Of(ModelLease lease, WorkRequest request, GenerationResult result) => Build(lease, request, result);

    private static string Build(ModelLease lease, WorkRequest request, GenerationResult? result)
    {
        throw new NotImplementedException($"{lease} {request} {result}");
    }
}
