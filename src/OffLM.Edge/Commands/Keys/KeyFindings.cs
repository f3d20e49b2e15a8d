using OffLM.Edge.Configuration;
using OffLM.Edge.Hosting;
using OffLM.Edge.Signing;
using OffLM.Edge.Signing.Cards;
using OffLM.Edge.Signing.Cards.OpenPgp;

namespace OffLM.Edge.Commands.Keys;

/// <summary>What <c>doctor</c> finds of the key.</summary>
internal static class KeyFindings
{
    private const string About = "key";

    public static IEnumerable<Finding> Look(EdgeSettings settings, StateDirectory state, CardConnector cards)
    {
        var uri = settings.KeyUriIn(state.Root);
        return uri.Class == KeyClass.KeyFile ? OfFile(uri, state) : OfCard(uri, state, cards);
    }

    private static IEnumerable<Finding> OfFile(KeyUri uri, StateDirectory state)
    {
        if (!File.Exists(uri.Location))
        {
            yield return File.Exists(state.Ledger)
                ? new(Grade.Bad, About, $"The key file {uri.Location} is gone: receipts stay open. Put it back, or name another in key.uri.")
                : new(Grade.Note, About, $"{uri} is made at the first start.");
            yield break;
        }

        if (File.GetUnixFileMode(uri.Location) is var mode && (mode & ~(UnixFileMode.UserRead | UnixFileMode.UserWrite)) != 0)
        {
            yield return new(Grade.Bad, About, $"{uri.Location} can be read by others (mode {mode}). Run: chmod 600 {uri.Location}");
        }

        yield return Password(uri);
    }

    private static IEnumerable<Finding> OfCard(KeyUri uri, StateDirectory state, CardConnector cards)
    {
        using (var node = ControlClient.Find(state))
        {
            if (node is not null)
            {
                // It has the card; what is wrong with it is in its status.
                yield return new(Grade.Note, About, $"{uri} is used by the running node; 'offlm-edge key show' says how it stands.");
                yield break;
            }
        }

        yield return Pin();
        var findings = new List<Finding>();
        try
        {
            using var card = cards(uri.Location);
            findings.AddRange(Of(card));
        }
        catch (CardException e)
        {
            findings.Add(new(Grade.Bad, About, $"{uri}: {e.Message}"));
        }

        foreach (var finding in findings)
        {
            yield return finding;
        }
    }

    private static IEnumerable<Finding> Of(OpenPgpCard card)
    {
        if (SmartCardKey.Obstacle(card.Data) is { } obstacle)
        {
            yield return new(Grade.Bad, About, obstacle);
            yield break;
        }

        yield return new CardEnrolment(card, TimeProvider.System).ExistingKey is { } address
            ? new(Grade.Good, About, $"{card.Data.ManufacturerName} card {card.Data.Identity} holds the key {address}; it has made {card.ReadSignatureCounter()} signatures.")
            : new(Grade.Bad, About, $"The card {card.Data.Identity} has no signature key. Make one: offlm-edge key enroll");
        if (card.Data.Pins.UserTries < PinStatus.AllTries)
        {
            yield return card.Data.Pins.UserTries <= 1
                ? new(Grade.Bad, About, $"The card's user PIN has {card.Data.Pins.UserTries} tries left, and the last is never spent: nothing is signed. Set a new one: offlm-edge key pin --unblock")
                : new(Grade.Note, About, $"The card's user PIN has {card.Data.Pins.UserTries} tries left: a wrong one was presented.");
        }

        if (!card.Data.Pins.ValidForMany)
        {
            yield return new(Grade.Note, About, "The card wants its PIN for each signature, which makes each slower. 'offlm-edge key enroll --keep' changes that.");
        }
    }

    private static Finding Pin()
    {
        try
        {
            using var pin = CardPinSources.FromSystem();
            return pin is null
                ? new(Grade.Note, About, $"The card's PIN is not given to this command; the node needs it. {CardPinSources.Advice}")
                : new(Grade.Good, About, "The card's PIN is there. It was not tried.");
        }
        catch (KeyUnavailableException e)
        {
            return new(Grade.Bad, About, e.Message);
        }
    }

    private static Finding Password(KeyUri uri)
    {
        try
        {
            if (KeyPassword.Find(uri.Location) is not { } password)
            {
                return new(Grade.Bad, "key", $"{uri} has no password: give it as the systemd credential '{KeyPassword.CredentialName}' or in {KeyPassword.EnvironmentVariable}.");
            }

            using var key = KeyFile.Open(uri.Location, password.Value);
            return password.Source == KeyPasswordSource.FileBesideKey
                ? new(Grade.Note, "key", $"{key.Address}. Its password lies beside it: whoever can read this disk can sign. A systemd credential or a smart card is safer.")
                : new(Grade.Good, "key", $"{key.Address}, {uri}");
        }
        catch (KeyUnavailableException e)
        {
            return new(Grade.Bad, "key", e.Message);
        }
    }
}
