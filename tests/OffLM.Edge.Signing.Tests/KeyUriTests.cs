namespace OffLM.Edge.Signing.Tests;

public sealed class KeyUriTests
{
    [Theory]
    [InlineData("file:/var/lib/offlm/keys/node.json", KeyClass.KeyFile, "/var/lib/offlm/keys/node.json")]
    [InlineData("file:keys/node.json", KeyClass.KeyFile, "keys/node.json")]
    [InlineData("card:", KeyClass.SmartCard, "")]
    [InlineData("card:D2760001240103040006123456780000", KeyClass.SmartCard, "D2760001240103040006123456780000")]
    [InlineData("card:00c0ffee", KeyClass.SmartCard, "00c0ffee")]
    [InlineData("card:0006:12345678", KeyClass.SmartCard, "0006:12345678")]
    public void Both_kinds_are_read_and_written(string text, KeyClass expected, string location)
    {
        var uri = KeyUri.Parse(text);
        Assert.Equal(new(expected, location), uri);
        Assert.Equal(text, uri.ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("file:")]
    [InlineData("/var/lib/offlm/keys/node.json")]
    [InlineData("FILE:x")]
    [InlineData("tpm:0")]
    [InlineData("card:12345")]
    [InlineData("card:0006-12345678")]
    [InlineData("card:zzzzzzzz")]
    public void Anything_else_is_refused_with_what_to_write(string text)
    {
        var message = Assert.Throws<FormatException>(() => KeyUri.Parse(text)).Message;
        Assert.Contains($"'{text}'", message);
        Assert.Contains("file:PATH", message);
        Assert.Contains("card:", message);
    }
}
