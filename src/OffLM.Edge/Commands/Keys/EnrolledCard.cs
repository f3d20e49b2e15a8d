using OffLM.Edge.Signing;

namespace OffLM.Edge.Commands.Keys;

/// <summary>A card that is ready to be a node's key.</summary>
/// <param name="Identity">Maker and serial number.</param>
/// <param name="Maker">The maker's name.</param>
/// <param name="Address">Its key's address.</param>
/// <param name="Counter">Signatures that it has made.</param>
/// <param name="HasFactoryPin">Whether its admin PIN is still the one that everybody knows.</param>
internal sealed record EnrolledCard(string Identity, string Maker, Address Address, uint Counter, bool HasFactoryPin)
{
    public string Uri => "card:" + Identity;
}
