using System.Diagnostics.CodeAnalysis;

namespace OffLM.Edge.Work.Tests;

internal static class Present
{
    /// <summary>The value, which must be there.</summary>
    public static T Of<T>([NotNull] T? value)
        where T : class
    {
        Assert.NotNull(value);
        return value;
    }

    /// <inheritdoc cref="Of{T}(T)"/>
    public static T Of<T>([NotNull] T? value)
        where T : struct
    {
        Assert.NotNull(value);
        return value.Value;
    }
}
