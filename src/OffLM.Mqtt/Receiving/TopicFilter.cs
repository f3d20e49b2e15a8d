namespace OffLM.Mqtt.Receiving;

/// <summary>Topic filters (MQTT 5, section 4.7).</summary>
internal static class TopicFilter
{
    private const string SharedPrefix = "$share/";

    /// <summary>What is wrong with a filter; null when nothing is.</summary>
    public static string? Problem(string filter)
    {
        if (filter.StartsWith(SharedPrefix, StringComparison.Ordinal)
            && (filter.Split('/', 3) is not [_, { Length: > 0 } group, { Length: > 0 }] || group.AsSpan().ContainsAny('+', '#')))
        {
            return $"The shared subscription '{filter}' is not of the form $share/<group>/<filter>.";
        }

        var levels = WithoutGroup(filter).ToString().Split('/');
        if (levels is [""])
        {
            return "The topic filter is empty.";
        }

        for (var i = 0; i < levels.Length; i++)
        {
            var level = levels[i];
            if ((level.Contains('#') && (level != "#" || i != levels.Length - 1)) || (level.Contains('+') && level != "+"))
            {
                return $"In the topic filter '{filter}' + must be a whole level, and # the last one.";
            }
        }

        return null;
    }

    /// <summary>Whether a topic falls under a filter; the group of a shared subscription does not count.</summary>
    public static bool Matches(string filter, string topic)
    {
        var pattern = WithoutGroup(filter);
        var name = topic.AsSpan();
        if (name.StartsWith('$') && (pattern.StartsWith('+') || pattern.StartsWith('#')))
        {
            return false;   // wildcards do not reach the broker's own topics
        }

        while (true)
        {
            var wanted = Level(ref pattern, out var lastWanted);
            if (wanted is "#")
            {
                return true;
            }

            var given = Level(ref name, out var lastGiven);
            if (wanted is not "+" && !wanted.SequenceEqual(given))
            {
                return false;
            }

            if (lastWanted || lastGiven)
            {
                return (lastWanted && lastGiven) || (lastGiven && pattern is "#");   // a/# also stands for a itself
            }
        }
    }

    private static ReadOnlySpan<char> WithoutGroup(string filter)
    {
        if (!filter.StartsWith(SharedPrefix, StringComparison.Ordinal))
        {
            return filter;
        }

        var rest = filter.AsSpan(SharedPrefix.Length);
        return rest[(rest.IndexOf('/') + 1)..];
    }

    private static ReadOnlySpan<char> Level(ref ReadOnlySpan<char> rest, out bool last)
    {
        var slash = rest.IndexOf('/');
        last = slash < 0;
        var level = last ? rest : rest[..slash];
        rest = last ? [] : rest[(slash + 1)..];
        return level;
    }
}
