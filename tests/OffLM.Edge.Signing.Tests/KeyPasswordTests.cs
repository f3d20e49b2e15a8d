namespace OffLM.Edge.Signing.Tests;

/// <summary>Sets environment variables: xunit runs the tests of one collection one after the other.</summary>
[Collection("environment")]
public sealed class KeyPasswordTests : IDisposable
{
    private const string CredentialsFolder = "CREDENTIALS_DIRECTORY";

    private readonly TestFolder _folder = new();
    private readonly string? _folderBefore = Environment.GetEnvironmentVariable(CredentialsFolder);
    private readonly string? _passwordBefore = Environment.GetEnvironmentVariable(KeyPassword.EnvironmentVariable);
    private readonly string _key;

    public KeyPasswordTests()
    {
        _key = _folder.File("node.json");
        Environment.SetEnvironmentVariable(CredentialsFolder, null);
        Environment.SetEnvironmentVariable(KeyPassword.EnvironmentVariable, null);
    }

    public void Dispose()
    {
        Environment.SetEnvironmentVariable(CredentialsFolder, _folderBefore);
        Environment.SetEnvironmentVariable(KeyPassword.EnvironmentVariable, _passwordBefore);
        _folder.Dispose();
    }

    [Fact]
    public void With_none_anywhere_there_is_none() => Assert.Null(KeyPassword.Find(_key));

    [Fact]
    public void The_credential_comes_before_the_environment_and_that_before_the_file()
    {
        var beside = KeyPassword.CreateBeside(_key);
        Assert.Equal(beside, KeyPassword.Find(_key));
        Assert.Equal(KeyPasswordSource.FileBesideKey, beside.Source);

        Environment.SetEnvironmentVariable(KeyPassword.EnvironmentVariable, "from environment");
        Assert.Equal(new("from environment", KeyPasswordSource.Environment), KeyPassword.Find(_key));

        File.WriteAllText(_folder.File(KeyPassword.CredentialName), "from systemd\n");
        Environment.SetEnvironmentVariable(CredentialsFolder, Path.GetDirectoryName(_key));
        Assert.Equal(new("from systemd", KeyPasswordSource.SystemdCredential), KeyPassword.Find(_key));
    }

    [Fact]
    public void A_credentials_folder_without_ours_is_passed_over()
    {
        Environment.SetEnvironmentVariable(CredentialsFolder, Path.GetDirectoryName(_key));
        Environment.SetEnvironmentVariable(KeyPassword.EnvironmentVariable, "from environment");
        Assert.Equal(KeyPasswordSource.Environment, KeyPassword.Find(_key)?.Source);
    }

    [Fact]
    public void A_password_made_here_is_long_random_and_for_the_owner_only()
    {
        var first = KeyPassword.CreateBeside(_key);
        Assert.Equal(64, first.Value.Length);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_key + ".password"));
        Assert.NotEqual(first, KeyPassword.CreateBeside(_folder.File("other.json")));
        using var key = KeyFile.Create(_key, first.Value);
        using var opened = KeyFile.Open(_key, KeyPassword.Find(_key)!.Value);
        Assert.Equal(key.Address, opened.Address);
    }
}
