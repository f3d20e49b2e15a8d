using OffLM.Edge.Metering.Interop.Sqlite;
using OffLM.Edge.Signing;
using OffLM.Edge.Tests.Shared;
using OffLM.Edge.Work.Callers;

namespace OffLM.Edge.Work.Tests.Callers;

public sealed class ApiKeyStoreTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("offlm-keys-");

    private string File => Path.Combine(_folder.FullName, "access.db");

    [Fact]
    public void A_key_is_found_by_its_secret_and_keeps_its_limits_across_a_restart()
    {
        var template = Named("ana") with
        {
            Models = ["starter"],
            RequestsPerMinute = 5,
            TokensPerMinute = 500,
            CreditLimit = UInt128.MaxValue,
            Payer = Address.Parse("0x00000000000000000000000000000000000000aa"),
        };
        string secret;
        ApiKey made;
        using (var store = Open())
        {
            (made, secret) = store.Add(template);
        }

        using var reopened = Open();
        var found = Present.Of(reopened.Find(secret));

        Assert.Equal(made with { Models = [] }, found with { Models = [] });
        Assert.Equal(template.Models, found.Models);
        Assert.Equal(UInt128.MaxValue, found.CreditLimit);
        Assert.Null(reopened.Find(secret + "x"));
    }

    [Fact]
    public void The_secret_is_nowhere_in_the_file()
    {
        using (var store = Open())
        {
            var (_, secret) = store.Add(Named("ana"));
            foreach (var file in _folder.GetFiles())
            {
                Assert.DoesNotContain(secret[ApiKeyStore.Prefix.Length..], System.Text.Encoding.Latin1.GetString(Read(file)));
            }
        }

        static byte[] Read(FileInfo file)
        {
            using var stream = new FileStream(file.FullName, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            using var copy = new MemoryStream();
            stream.CopyTo(copy);
            return copy.ToArray();
        }
    }

    [Fact]
    public void A_revoked_key_is_known_as_revoked_and_its_name_is_free_again()
    {
        using var store = Open();
        var (key, secret) = store.Add(Named("ana"));

        Assert.Equal(key.Id, store.Revoke("ana")?.Id);

        Assert.NotNull(store.Find(secret)?.RevokedAt);
        Assert.Null(store.Revoke("ana"));
        store.Add(Named("ana"));
        Assert.Equal(2, store.List().Count);
    }

    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    [InlineData("a name of more than sixty-four characters, which no table has room for")]
    public void A_key_needs_a_sensible_name(string name)
    {
        using var store = Open();

        Assert.Contains("1 to 64 characters", Assert.Throws<ArgumentException>(() => store.Add(Named(name))).Message);
    }

    [Fact]
    public void Two_valid_keys_cannot_have_one_name()
    {
        using var store = Open();
        store.Add(Named("ana"));

        Assert.Contains("already", Assert.Throws<ArgumentException>(() => store.Add(Named("ana"))).Message);
    }

    [Fact]
    public void A_store_of_a_newer_program_is_refused()
    {
        Open().Dispose();
        using (var connection = SqliteConnection.Open(File))
        {
            connection.Execute("PRAGMA user_version = 99");
        }

        Assert.Contains("99", Assert.Throws<InvalidDataException>(Open).Message);
    }

    [Theory]
    [InlineData("starter", "starter", true)]
    [InlineData("starter", "starter:latest", true)]
    [InlineData("Starter:latest", "starter", true)]
    [InlineData("starter", "starter2", false)]
    [InlineData("starter:a", "starter:b", false)]
    public void A_keys_model_list_is_matched_by_name(string allowed, string asked, bool matches) =>
        Assert.Equal(matches, (Named("ana") with { Models = [allowed] }).Allows(asked));

    public void Dispose() => _folder.Delete(recursive: true);

    private static ApiKey Named(string name) => new() { Id = "", Name = name, Scope = Scope.Use, CreatedAt = default };

    private ApiKeyStore Open() => ApiKeyStore.Open(File, new ManualTime());
}
