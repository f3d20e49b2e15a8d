using System.Text;
using OffLM.Edge.Signing.Cards;

namespace OffLM.Edge.Signing.Tests.Cards;

/// <summary>The environment belongs to the process: these run one after the other, with those of key files' passwords.</summary>
[Collection("environment")]
public sealed class CardPinSourcesTests : IDisposable
{
    private readonly TestFolder _folder = new();
    private readonly string? _credentials = Environment.GetEnvironmentVariable("CREDENTIALS_DIRECTORY");

    [Fact]
    public void The_systemd_credential_comes_before_the_environment_and_is_read_anew()
    {
        Environment.SetEnvironmentVariable(CardPinSources.EnvironmentVariable, "from the environment");
        Environment.SetEnvironmentVariable("CREDENTIALS_DIRECTORY", Path.GetDirectoryName(_folder.File("x")));
        Assert.Equal("from the environment", Read());
        File.WriteAllText(_folder.File(CardPinSources.CredentialName), "123456\n");
        Assert.Equal("123456", Read());
        File.WriteAllText(_folder.File(CardPinSources.CredentialName), "654321");
        Assert.Equal("654321", Read());
    }

    [Fact]
    public void There_may_be_none()
    {
        Environment.SetEnvironmentVariable("CREDENTIALS_DIRECTORY", Path.GetDirectoryName(_folder.File("x")));
        Assert.Null(CardPinSources.FromSystem());
    }

    [Fact]
    public void A_secret_is_overwritten_when_it_is_let_go_and_never_written_out()
    {
        var secret = SecretText.Of("123456");
        Assert.Equal("123456", Encoding.UTF8.GetString(secret.Bytes));
        Assert.DoesNotContain("123456", $"{secret}", StringComparison.Ordinal);
        secret.Dispose();
        Assert.Equal(new byte[6], secret.Bytes.ToArray());
    }

    public void Dispose()
    {
        Environment.SetEnvironmentVariable(CardPinSources.EnvironmentVariable, null);
        Environment.SetEnvironmentVariable("CREDENTIALS_DIRECTORY", _credentials);
        _folder.Dispose();
    }

    private static string? Read()
    {
        using var pin = CardPinSources.FromSystem();
        return pin is null ? null : Encoding.UTF8.GetString(pin.Bytes);
    }
}
