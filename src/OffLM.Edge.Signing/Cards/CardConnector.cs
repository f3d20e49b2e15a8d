using OffLM.Edge.Signing.Cards.OpenPgp;

namespace OffLM.Edge.Signing.Cards;

/// <summary>Reserves an OpenPGP card for this process and opens its application. Blocks for some tenths of a second.</summary>
/// <param name="name">Its serial number, or maker and serial number; empty for the first found.</param>
/// <exception cref="CardException">There is none, or it can't be had; says why and what to do.</exception>
public delegate OpenPgpCard CardConnector(string name);
