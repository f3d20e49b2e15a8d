namespace OffLM.Edge.Signing.Tests;

public sealed class KeyFileTests : IDisposable
{
    private const string Password = "correct horse";

    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_new_key_opens_again_with_its_password_and_signs_the_same()
    {
        var path = _folder.File("keys/node.json");
        using var made = KeyFile.Create(path, Password);
        using var opened = KeyFile.Open(path, Password);
        Assert.Equal(made.Address, opened.Address);
        Assert.Equal(made.Address, KeyFile.PeekAddress(path));
        Assert.Equal((await made.SignAsync(Bytes32.Zero, default)).ToString(), (await opened.SignAsync(Bytes32.Zero, default)).ToString());
        Assert.Equal("file:" + path, opened.Description);
        Assert.Equal(KeyClass.KeyFile, opened.Class);
        Assert.Equal(0u, await opened.ReadCounterAsync(default));
    }

    [Fact]
    public void A_key_file_is_for_its_owner_only_and_alone_in_its_folder()
    {
        var path = _folder.File("node.json");
        KeyFile.Create(path, Password).Dispose();
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
        Assert.Equal([path], Directory.GetFiles(Path.GetDirectoryName(path)!));
    }

    [Fact]
    public void A_key_is_never_overwritten()
    {
        var path = _folder.File("node.json");
        KeyFile.Create(path, Password).Dispose();
        var before = File.ReadAllBytes(path);
        Assert.Contains("exists already", Assert.Throws<IOException>(() => KeyFile.Create(path, Password)).Message);
        Assert.Equal(before, File.ReadAllBytes(path));
    }

    [Fact]
    public void What_a_power_cut_left_half_written_is_replaced()
    {
        var path = _folder.File("node.json");
        File.WriteAllText(path + ".new", "{ \"version");
        using var key = KeyFile.Create(path, Password);
        Assert.Equal(key.Address, KeyFile.PeekAddress(path));
    }

    [Fact]
    public void A_wrong_password_says_where_to_give_the_right_one()
    {
        var path = _folder.File("node.json");
        KeyFile.Create(path, Password).Dispose();
        var message = Assert.Throws<KeyUnavailableException>(() => KeyFile.Open(path, "wrong")).Message;
        Assert.Contains("password", message);
        Assert.Contains(path, message);
        Assert.Contains(KeyPassword.EnvironmentVariable, message);
        Assert.Contains(KeyPassword.CredentialName, message);
    }

    [Theory]
    [InlineData("node.json")]
    [InlineData("no-folder/node.json")]
    public void A_file_that_is_gone_says_so(string name) =>
        Assert.Contains("is gone", Assert.Throws<KeyUnavailableException>(() => KeyFile.Open(_folder.File(name), Password)).Message);

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("no json")]
    [InlineData("{\"version\":3,\"crypto\":{\"kdfparams\":{\"n\":99999999999}}}")]
    [InlineData("{\"version\":3,\"crypto\":{}}")]
    public void A_damaged_file_says_so_and_what_to_do(string content) => Assert.Contains("Restore it from a backup", OpenFails(content));

    [Theory]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData("{\"version\":1,\"crypto\":{}}")]
    [InlineData("{\"version\":3}")]
    public void Another_kind_of_file_says_what_was_expected(string content) => Assert.Contains("not a version 3 key file", OpenFails(content));

    [Theory]
    [InlineData("\"ciphertext\": \"", "\"ciphertext\": \"zz")]
    [InlineData("\"iv\": \"", "\"iv\": \"00")]
    [InlineData("\"mac\": \"", "\"mac\": \"00")]
    [InlineData("\"salt\": \"", "\"salt\": \"0")]
    [InlineData("pbkdf2", "argon2")]
    [InlineData("hmac-sha256", "hmac-sha1")]
    [InlineData("aes-128-ctr", "aes-256-gcm")]
    [InlineData("\"c\": 262144", "\"c\": 2000000000")]
    [InlineData("\"c\": 262144", "\"c\": 0")]
    [InlineData("\"dklen\": 32", "\"dklen\": 16")]
    public void A_field_that_can_t_be_right_is_told_from_a_wrong_password(string good, string bad)
    {
        var content = File.ReadAllText(Fixture("web3-pbkdf2.json"));
        Assert.Contains(good, content);
        Assert.Contains("is damaged", OpenFails(content.Replace(good, bad), "testpassword"));
    }

    [Fact]
    public void A_file_cut_off_anywhere_is_damaged()
    {
        var content = File.ReadAllText(Fixture("web3-pbkdf2.json")).TrimEnd();
        for (var length = 0; length < content.Length; length += 13)
        {
            Assert.Contains("is damaged", OpenFails(content[..length]));
        }
    }

    /// <summary>The first two are the examples of the Web3 Secret Storage definition; the third was made with ethers 6.17.0.</summary>
    [Theory]
    [InlineData("web3-pbkdf2.json", "testpassword", "0x008AeEda4D805471dF9b2A5B0f38A0C3bCBA786b")]
    [InlineData("web3-scrypt.json", "testpassword", "0x008AeEda4D805471dF9b2A5B0f38A0C3bCBA786b")]
    [InlineData("ethers-scrypt.json", "pässwörd 🔑", "0x2c7536E3605D9C16a7a3D7b1898e529396a65c23")]
    public void Key_files_of_other_tools_open(string file, string password, string address)
    {
        using var key = KeyFile.Open(Fixture(file), password);
        Assert.Equal(address, key.Address.ToString());
    }

    [Fact]
    public void A_file_need_not_say_its_address()
    {
        Assert.Null(KeyFile.PeekAddress(Fixture("web3-pbkdf2.json")));
        Assert.Equal("0x2c7536E3605D9C16a7a3D7b1898e529396a65c23", KeyFile.PeekAddress(Fixture("ethers-scrypt.json"))?.ToString());
    }

    private static string Fixture(string name) => Path.Combine(AppContext.BaseDirectory, "KeyFiles", name);

    private string OpenFails(string content, string password = Password)
    {
        var path = _folder.File("bad.json");
        File.WriteAllText(path, content);
        return Assert.Throws<KeyUnavailableException>(() => KeyFile.Open(path, password)).Message;
    }
}
