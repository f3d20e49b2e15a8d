namespace OffLM.Mqtt.Interop.Paho;

/// <summary>Properties on their way into the library, which copies what is added.</summary>
internal unsafe ref struct PropertyList : IDisposable
{
    public NativeProperties Native;

    public void Add(PropertyId id, ushort value) => Add(new NativeProperty { Identifier = (int)id, TwoBytes = value });

    public void Add(PropertyId id, uint value) => Add(new NativeProperty { Identifier = (int)id, FourBytes = value });

    public void Add(PropertyId id, NativeString text) => Add(new NativeProperty { Identifier = (int)id, Text = text });

    public void Add(PropertyId id, NativeString name, NativeString value) =>
        Add(new NativeProperty { Identifier = (int)id, Text = name, PairValue = value });

    /// <summary>What a PUBLISH, or a will, says of its payload.</summary>
    public void AddMessage(MqttMessage message, NativeArena arena)
    {
        if (message.Expiry is { } expiry)
        {
            Add(PropertyId.MessageExpiryInterval, Seconds(expiry));
        }

        if (message.ContentType is { } type)
        {
            Add(PropertyId.ContentType, arena.Counted(type));
        }

        if (message.ResponseTopic is { } topic)
        {
            Add(PropertyId.ResponseTopic, arena.Counted(topic));
        }

        if (!message.CorrelationData.IsEmpty)
        {
            Add(PropertyId.CorrelationData, arena.Counted(message.CorrelationData.Span));
        }

        foreach (var (name, value) in message.UserProperties)
        {
            Add(PropertyId.UserProperty, arena.Counted(name), arena.Counted(value));
        }
    }

    /// <summary>Whole seconds as MQTT counts them, rounded up, so that a short time is not none at all.</summary>
    public static uint Seconds(TimeSpan time) => (uint)Math.Clamp(Math.Ceiling(time.TotalSeconds), 0, uint.MaxValue);

    public void Dispose()
    {
        fixed (NativeProperties* properties = &Native)
        {
            NativeMethods.MQTTProperties_free(properties);
        }
    }

    private void Add(NativeProperty property)
    {
        fixed (NativeProperties* properties = &Native)
        {
            var code = NativeMethods.MQTTProperties_add(properties, &property);
            if (code != NativeMethods.Success)
            {
                throw new InvalidOperationException($"Property {property.Identifier} was not taken by the MQTT library ({code}).");
            }
        }
    }
}
